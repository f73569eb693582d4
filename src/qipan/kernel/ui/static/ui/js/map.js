// Maps: base style and layers of this server only; every letter is drawn here, so nothing else is fetched.
const version = new URL(import.meta.url).search;
const { library, stylesheet, isDark } = await import(`./library.js${version}`);
const { addLayer, layerMember } = await import(`./map_layers.js${version}`);
const maps = new Map();
const COUNTY = [[115.27, 36.36], [115.78, 36.71]];
const ACCURACY = 6; // decimals of a picked degree: about a decimetre

const WORDS = document.documentElement.lang === "en"
  ? { failed: "The map could not be loaded.", layer: "Layer not available", legend: "Layers", open: "Open", empty: "No row here has a place.", truncated: "Only the first 5,000 are shown; add filters to see all." }
  : { failed: "地图载入失败。", layer: "图层暂不可用", legend: "图层", open: "查看", empty: "这里没有带位置的记录。", truncated: "只显示前 5,000 条,可增加筛选条件查看全部。" };

async function json(url) {
  const answer = await fetch(url, { headers: { Accept: "application/geo+json, application/json" } });
  if (!answer.ok) throw new Error(`${answer.status} ${url}`);
  return answer.json();
}

async function baseStyle(element) {
  const theme = isDark(element) ? "dark" : "light";
  try {
    return await json(element.dataset.style.replace("{theme}", theme));
  } catch {
    const colour = theme === "dark" ? "#141c25" : "#f2f4f1";
    return { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": colour } }] };
  }
}

async function open(element) {
  if (element.dataset.height && CSS.supports("height", element.dataset.height)) element.style.height = element.dataset.height;
  stylesheet(element.dataset.css);
  const maplibregl = await library(element.dataset.library, "maplibregl");
  maplibregl.setWorkerUrl(element.dataset.worker);
  const { lon, lat, zoom } = element.dataset;
  const point = lon && lat ? [Number(lon), Number(lat)] : null;
  const view = point ? { center: point, zoom: Number(zoom ?? 13) } : { bounds: COUNTY, fitBoundsOptions: { padding: 16 } };
  const message = element.querySelector(".map-message");
  const map = new maplibregl.Map({
    container: element, style: await baseStyle(element), ...view, attributionControl: { compact: true },
    dragRotate: false, pitchWithRotate: false, maxZoom: 18, localIdeographFontFamily: false,
    cooperativeGestures: window.matchMedia("(pointer: coarse)").matches,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibregl.ScaleControl({ unit: "metric" }), "bottom-right");
  await new Promise((resolve) => map.once("load", resolve));
  message?.remove();
  const held = { map, maplibregl, layers: [], marker: null };
  maps.set(element, held);
  if (point) held.marker = new maplibregl.Marker({ color: "#c4161c" }).setLngLat(point).addTo(map);
  if ("pick" in element.dataset) pick(element, held);
  await fill(element, held);
  element.dispatchEvent(new CustomEvent("qipan:map", { bubbles: true, detail: held }));
}

async function fill(element, held) {
  const keys = (element.dataset.layers ?? "").split(",").map((key) => key.trim()).filter(Boolean);
  const urls = keys.map((key) => [key, `/maps/layers/${key}.geojson`]);
  if (element.dataset.source) urls.push(["rows", element.dataset.source]);
  for (const [key, url] of urls) {
    try {
      const data = await json(url);
      held.layers.push({ key, url, ...addLayer(held, key, data) });
    } catch (error) {
      held.layers.push({ key, url, title: key, failed: String(error), ids: [] });
    }
  }
  if (element.dataset.source) frameRows(element, held);
  if (keys.length && !("noLegend" in element.dataset)) drawLegend(element, held);
  watchLive(element, held);
}

// The positions of a geometry of any kind, however deep they are nested.
function positions(at) {
  if (!at) return [];
  return typeof at[0] === "number" ? [at] : at.flatMap(positions);
}

function frameRows(element, held) {
  const rows = held.layers.find((layer) => layer.key === "rows");
  if (rows?.data?.truncated) say(element, WORDS.truncated, "map-note");
  const points = (rows?.data?.features ?? []).flatMap((feature) => positions(feature.geometry?.coordinates));
  if (!points.length) {
    say(element, WORDS.empty, "map-message");
    return;
  }
  const bounds = points.reduce((box, at) => box.extend(at), new held.maplibregl.LngLatBounds(points[0], points[0]));
  held.map.fitBounds(bounds, { padding: 48, maxZoom: 14, animate: false });
}

function say(element, words, css) {
  const text = document.createElement("div");
  text.className = css;
  text.textContent = words;
  element.append(text);
}

function drawLegend(element, held) {
  element.querySelector(".map-legend")?.remove();
  const box = document.createElement("details");
  box.className = "map-legend";
  box.open = element.clientWidth > 600;
  const head = document.createElement("summary");
  head.textContent = WORDS.legend;
  const list = document.createElement("ul");
  for (const layer of held.layers) list.append(legendEntry(held, layer));
  box.append(head, list);
  element.append(box);
}

function legendEntry(held, layer) {
  const item = document.createElement("li");
  const label = document.createElement("label");
  const tick = document.createElement("input");
  tick.type = "checkbox";
  tick.checked = !layer.failed;
  tick.disabled = Boolean(layer.failed);
  tick.addEventListener("change", () => {
    for (const id of layer.ids) held.map.setLayoutProperty(id, "visibility", tick.checked ? "visible" : "none");
  });
  label.append(tick, layer.failed ? `${layer.title}(${WORDS.layer})` : layer.title);
  item.append(label);
  for (const [colour, words] of layer.legend ?? []) {
    const line = document.createElement("span");
    line.className = "swatch-line";
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    swatch.style.background = colour;
    line.append(swatch, words);
    item.append(line);
  }
  return item;
}

// Live layers are read again every half minute; values of single streams arrive by live.js.
function watchLive(element, held) {
  const live = held.layers.filter((layer) => layer.data && layer.live);
  const streams = live.flatMap((layer) => layer.data.features.map((f) => f.properties?.stream)).filter(Boolean);
  if (streams.length) {
    element.dataset.streams = [...new Set(streams)].join(",");
    document.dispatchEvent(new CustomEvent("qipan:streams"));
  }
  if (!live.length || !("live" in element.dataset) || held.timer) return;
  held.timer = setInterval(async () => {
    if (document.hidden || !element.isConnected) return;
    for (const layer of live) {
      try {
        layer.data = await json(layer.url);
        held.map.getSource(layer.source)?.setData(layer.data);
        layer.legend = layerMember(layer.data).legend;
      } catch { /* the next round tries again; the shown data keep their times */ }
    }
  }, 30_000);
}

// A click writes the degrees into the two inputs of the form.
function pick(element, held) {
  const prefix = element.dataset.pick;
  const input = (name) => document.querySelector(`[name="${CSS.escape(prefix + name)}"]`);
  const write = ({ lng, lat }) => {
    input("lon").value = lng.toFixed(ACCURACY);
    input("lat").value = lat.toFixed(ACCURACY);
  };
  const mark = ({ lng, lat }) => {
    if (!held.marker) {
      held.marker = new held.maplibregl.Marker({ color: "#c4161c", draggable: true });
      held.marker.on("dragend", () => write(held.marker.getLngLat()));
    }
    held.marker.setLngLat([lng, lat]).addTo(held.map);
  };
  held.map.getCanvas().style.cursor = "crosshair";
  held.map.on("click", (event) => { write(event.lngLat); mark(event.lngLat); });
  const [lon, lat] = [Number(input("lon")?.value), Number(input("lat")?.value)];
  if (lon && lat) {
    mark({ lng: lon, lat });
    held.map.jumpTo({ center: [lon, lat], zoom: 14 });
  }
}

document.addEventListener("qipan:theme", () => {
  maps.forEach(async ({ map, timer }, element) => {
    clearInterval(timer);
    map.remove();
    maps.delete(element);
    element.replaceChildren();
    await open(element);
  });
});

export function start(elements) {
  for (const element of elements) {
    if (maps.has(element) || element.dataset.opening) continue;
    element.dataset.opening = "1";
    open(element).catch((error) => {
      const message = element.querySelector(".map-message");
      if (message) message.textContent = WORDS.failed;
      console.error(error);
    });
  }
}
