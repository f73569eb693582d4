// Charts from the JSON that the page carries beside them.
const version = new URL(import.meta.url).search;
const { library, isDark } = await import(`./library.js${version}`);
const charts = new Map();
const KEPT_POINTS = 2000;

const COLOURS = {
  light: ["#1a5aa6", "#c8501e", "#1e7f4f", "#8a5bb5", "#b8860b", "#2b8a99", "#a83256", "#5c6b7a"],
  dark: ["#6aa9f0", "#f29a6b", "#58c48d", "#c3a0e6", "#e6c15a", "#63c3d1", "#f08bac", "#a7b4c2"],
};

function themed(option, dark) {
  const text = dark ? "#dfe6ee" : "#1c2733";
  const faint = dark ? "#9aa8b6" : "#566472";
  const line = dark ? "#2a3643" : "#dde3e9";
  const axis = (one) => ({
    ...one,
    axisLine: { lineStyle: { color: faint }, ...one.axisLine },
    axisLabel: { color: faint, hideOverlap: true, ...one.axisLabel },
    splitLine: { lineStyle: { color: line }, ...one.splitLine },
    nameTextStyle: { color: faint, ...one.nameTextStyle },
  });
  const axes = (value) => (value === undefined ? value : Array.isArray(value) ? value.map(axis) : axis(value));
  const made = {
    color: COLOURS[dark ? "dark" : "light"],
    animation: false,
    grid: { left: 8, right: 12, top: 36, bottom: 8, containLabel: true },
    ...option,
    textStyle: { color: text, fontFamily: getComputedStyle(document.body).fontFamily, ...option.textStyle },
    // Rich text: HTML tooltips would need inline styles, which the page's policy forbids.
    tooltip: { trigger: "axis", confine: true, ...option.tooltip, renderMode: "richText" },
    aria: { enabled: true, ...option.aria },
  };
  if (option.legend !== undefined || (option.series?.length ?? 0) > 1) {
    made.legend = { textStyle: { color: text }, top: 4, type: "scroll", ...option.legend };
  }
  if (option.xAxis !== undefined) made.xAxis = axes(option.xAxis);
  if (option.yAxis !== undefined) made.yAxis = axes(option.yAxis);
  return made;
}

async function draw(element) {
  const echarts = await library(element.dataset.library, "echarts");
  const option = JSON.parse(document.getElementById(element.dataset.chart).textContent);
  charts.get(element)?.chart.dispose();
  const chart = echarts.init(element, null, { renderer: "canvas", locale: document.documentElement.lang === "en" ? "EN" : "ZH" });
  chart.setOption(themed(option, isDark(element)));
  charts.set(element, { chart, option });
  if (option.series?.some((series) => series.url)) chart.on("click", follow);
}

// A point that knows its page opens it.
function follow(event) {
  const url = event.data?.url;
  if (typeof url === "string" && url.startsWith("/")) window.location.assign(url);
}

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) charts.get(target)?.chart.resize();
});

document.addEventListener("qipan:theme", () => charts.forEach((_held, element) => draw(element)));
document.addEventListener("qipan:reading", ({ detail }) => {
  charts.forEach(({ chart, option }, element) => {
    if (element.dataset.chartStream !== String(detail.datastream) || detail.value === null) return;
    const series = option.series?.[0];
    if (!series) return;
    series.data = [...(series.data ?? []), [detail.ts, detail.value]].slice(-KEPT_POINTS);
    chart.setOption({ series: [{ data: series.data }] });
  });
});

export function start(elements) {
  for (const element of elements) {
    if (charts.has(element)) continue;
    draw(element).then(() => sizes.observe(element));
  }
}
