// Place and time for forms in the field. Nothing is asked for before the user touches the form.
const OPTIONS = { enableHighAccuracy: true, maximumAge: 30_000, timeout: 20_000 };
const ENGLISH = document.documentElement.lang === "en";
const WORDS = ENGLISH
  ? { asking: "Locating…", found: "Located, accurate to", metres: "m", failed: "No position: choose the place on the map or write the address." }
  : { asking: "正在定位…", found: "已定位,精度约", metres: "米", failed: "没有得到位置:请在地图上点选,或写清地址。" };

function input(form, name) {
  return form.querySelector(`input[name="${name}"], input[name="at_${name}"]`);
}

function position() {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) reject(new Error("no geolocation"));
    else navigator.geolocation.getCurrentPosition(resolve, reject, OPTIONS);
  });
}

function stateOf(form) {
  let state = form.querySelector("[data-locate-state]");
  if (!state) {
    state = document.createElement("p");
    state.dataset.locateState = "";
    state.setAttribute("role", "status");
    state.className = "text-secondary";
    form.querySelector("button[type=submit]").before(state);
  }
  return state;
}

async function locate(form) {
  const state = stateOf(form);
  state.textContent = WORDS.asking;
  try {
    const { coords } = await position();
    input(form, "lon").value = coords.longitude.toFixed(6);
    input(form, "lat").value = coords.latitude.toFixed(6);
    input(form, "accuracy_m").value = coords.accuracy.toFixed(0);
    state.textContent = `${WORDS.found} ${Math.round(coords.accuracy)} ${WORDS.metres}`;
    showOnMap(form, [coords.longitude, coords.latitude]);
  } catch {
    state.textContent = WORDS.failed;
  }
}

// The picking map of this form, once it is open, goes to the position.
function showOnMap(form, point) {
  const held = form.querySelector("[data-map]")?.qipanMap;
  if (!held) return;
  held.map.jumpTo({ center: point, zoom: 15 });
  held.map.fire("click", { lngLat: { lng: point[0], lat: point[1] } });
}

for (const form of document.querySelectorAll("form")) {
  if (!input(form, "lon")) continue;
  form.addEventListener("qipan:map", (event) => { event.target.qipanMap = event.detail; });
  const button = form.querySelector("[data-locate]");
  if (button) {
    button.hidden = !navigator.geolocation;
    button.addEventListener("click", () => locate(form));
  }
  for (const file of form.querySelectorAll("input[type=file]")) {
    file.addEventListener("change", () => {
      input(form, "device_at").value = new Date().toISOString();
      if (!button && !input(form, "lon").value) locate(form);
    });
  }
}
