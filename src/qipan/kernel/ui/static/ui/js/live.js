// Live values: one stream of server-sent events for all datastreams on the page.
const PATH = "/sensing/live";
const STALE_S = 900;
let source = null;
let watched = "";

function wanted() {
  const ids = new Set();
  for (const element of document.querySelectorAll("[data-stream]")) ids.add(element.dataset.stream);
  for (const element of document.querySelectorAll("[data-chart-stream]")) ids.add(element.dataset.chartStream);
  for (const element of document.querySelectorAll("[data-streams]")) {
    for (const id of element.dataset.streams.split(",")) ids.add(id);
  }
  ids.delete("");
  return [...ids].sort().join(",");
}

function connect() {
  const ids = wanted();
  if (ids === watched) return;
  source?.close();
  watched = ids;
  if (!ids) return;
  source = new EventSource(`${PATH}?datastreams=${ids}`);
  source.onmessage = (event) => take(JSON.parse(event.data));
  source.addEventListener("rule", (event) => {
    document.dispatchEvent(new CustomEvent("qipan:rule", { detail: JSON.parse(event.data) }));
  });
}

function take(message) {
  for (const reading of Array.isArray(message) ? message : [message]) {
    const id = CSS.escape(String(reading.datastream));
    document.querySelectorAll(`[data-stream="${id}"]`).forEach((element) => write(element, reading));
    document.querySelectorAll(`[data-stream-time="${id}"]`).forEach((element) => {
      element.textContent = clockTime(reading.ts);
    });
    document.dispatchEvent(new CustomEvent("qipan:reading", { detail: reading }));
  }
}

function write(element, reading) {
  const decimals = element.dataset.decimals;
  const known = reading.text ?? reading.value;
  if (known === null || known === undefined) return;
  const number = typeof reading.value === "number" && decimals !== undefined;
  element.textContent = number ? reading.value.toFixed(Number(decimals)) : String(known);
  element.dataset.time = reading.ts;
  element.classList.remove("fresh");
  void element.offsetWidth; // lets the animation start again
  element.classList.add("fresh");
  markStale();
}

function clockTime(iso) {
  const options = { timeZone: "Asia/Shanghai", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
  return new Intl.DateTimeFormat("zh-CN", options).format(new Date(iso)).replace("/", "-");
}

function markStale() {
  for (const element of document.querySelectorAll("[data-stream][data-time]")) {
    const limit = Number(element.dataset.stale ?? STALE_S) * 1000;
    element.classList.toggle("stale", Date.now() - Date.parse(element.dataset.time) > limit);
  }
}

setInterval(markStale, 30_000);
document.addEventListener("qipan:streams", connect);
document.addEventListener("visibilitychange", () => { if (!document.hidden) markStale(); });

export function start() {
  connect();
  markStale();
}
