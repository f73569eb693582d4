// Runs before the page is drawn: a reader who follows the device gets its light or dark at once.
(function () {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  function follow() {
    if (root.dataset.theme === "auto") root.dataset.bsTheme = dark.matches ? "dark" : "light";
    document.dispatchEvent(new CustomEvent("qipan:theme"));
  }
  follow();
  dark.addEventListener("change", follow);
})();
