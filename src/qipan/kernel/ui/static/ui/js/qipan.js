// Entry: loads only the parts that the page needs, again for every piece that htmx brings.
const version = new URL(import.meta.url).search;

const PARTS = [
  ["[data-map]", "map"],
  ["[data-chart]", "chart"],
  ["[data-stream], [data-chart-stream], [data-live]", "live"],
  ["[data-filters], [data-options], [data-form]", "forms"],
  ["[data-clock], time[data-ago]", "clock"],
];

function start(root) {
  for (const [selector, name] of PARTS) {
    const found = [...root.querySelectorAll(selector)];
    if (root.matches?.(selector)) found.push(root);
    if (found.length) import(`./${name}.js${version}`).then((part) => part.start(found));
  }
}

start(document.body);
document.body.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) start(event.detail.elt);
});

// An error answer is shown in place of the part that was asked for, not swallowed.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 422 || xhr.status === 409) event.detail.shouldSwap = true;
  else if (xhr.status >= 400) window.location.assign(xhr.responseURL);
});

// Only one drop-down stands open; Escape and a click elsewhere close it.
function closeDrops(except) {
  for (const drop of document.querySelectorAll("details.drop[open]")) if (drop !== except) drop.open = false;
}
document.addEventListener("click", (event) => closeDrops(event.target.closest("details.drop")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.drop[open]");
  closeDrops(null);
  open?.querySelector("summary").focus();
  if (location.hash === "#menu") location.hash = "#content";
});
