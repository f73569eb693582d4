// One GeoJSON answer on a map: its points, lines, areas and labels, and what a click tells.
const FALLBACK = "#1a5aa6";
const FONT = ["Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "sans-serif"];

// What the server says of the layer beside its features.
export function layerMember(data) {
  return data.layer ?? {};
}

export function addLayer(held, key, data) {
  const { map } = held;
  const about = layerMember(data);
  const source = `data-${key}`;
  const style = about.style ?? {};
  const dark = map.getContainer().closest("[data-bs-theme]")?.dataset.bsTheme === "dark";
  map.addSource(source, { type: "geojson", data, promoteId: undefined });
  const ids = [];
  const add = (suffix, type, filter, paint, layout = {}) => {
    const id = `${source}-${suffix}`;
    const known = Object.entries({ ...paint, ...pick(style, type) });
    map.addLayer({ id, type, source, filter, minzoom: about.minzoom ?? 0, layout, paint: Object.fromEntries(known) });
    ids.push(id);
    return id;
  };
  const colour = ["coalesce", ["get", "colour"], about.legend?.[0]?.[0] ?? FALLBACK];
  const shape = (kind) => ["==", ["geometry-type"], kind];
  const area = add("fill", "fill", shape("Polygon"), { "fill-color": colour, "fill-opacity": 0.25 });
  add("edge", "line", shape("Polygon"), { "line-color": colour, "line-width": 1 });
  const line = add("line", "line", shape("LineString"), { "line-color": colour, "line-width": 2 });
  const point = add("point", "circle", shape("Point"), {
    "circle-color": colour,
    "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 3.5, 14, 8],
    "circle-stroke-color": dark ? "#0b1219" : "#ffffff",
    "circle-stroke-width": 1.25,
  });
  const text = { "text-color": dark ? "#e6edf5" : "#1c2733", "text-halo-color": dark ? "#0b1219" : "#ffffff", "text-halo-width": 1.25 };
  add("label", "symbol", ["has", "label"], text, {
    "text-field": ["to-string", ["get", "label"]], "text-font": FONT, "text-size": 12, "text-offset": [0, 1.1], "text-anchor": "top", "text-optional": true,
  });
  for (const id of [area, line, point]) makeClickable(held, id);
  return { source, ids, data, title: about.title ?? key, legend: about.legend, live: about.live };
}

// Only the paint properties that belong to a kind of layer.
function pick(style, type) {
  const prefix = { fill: "fill-", line: "line-", circle: "circle-", symbol: "text-" }[type];
  return Object.fromEntries(Object.entries(style).filter(([name]) => name.startsWith(prefix)));
}

function makeClickable({ map, maplibregl }, id) {
  map.on("mouseenter", id, () => { map.getCanvas().style.cursor = "pointer"; });
  map.on("mouseleave", id, () => { map.getCanvas().style.cursor = ""; });
  map.on("click", id, (event) => {
    const feature = event.features[0];
    if (event.originalEvent.popupShown || !feature) return;
    event.originalEvent.popupShown = true;
    const content = popup(feature.properties);
    if (content) new maplibregl.Popup({ maxWidth: "18rem" }).setLngLat(event.lngLat).setDOMContent(content).addTo(map);
  });
}

function popup(properties) {
  if (!properties.title && !properties.text) return null;
  const box = document.createElement("div");
  const head = document.createElement(safe(properties.url) ? "a" : "strong");
  head.textContent = properties.title ?? "";
  if (safe(properties.url)) head.href = properties.url;
  box.append(head);
  if (properties.text) {
    const text = document.createElement("div");
    text.className = "text-secondary";
    text.textContent = properties.text;
    box.append(text);
  }
  if (properties.stream) {
    const value = document.createElement("div");
    value.dataset.stream = properties.stream;
    box.append(value);
  }
  return box;
}

function safe(url) {
  return typeof url === "string" && url.startsWith("/") && !url.startsWith("//");
}
