// The county's wall clock.
const format = new Intl.DateTimeFormat(document.documentElement.lang, {
  timeZone: "Asia/Shanghai", year: "numeric", month: "2-digit", day: "2-digit", weekday: "short",
  hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
});

export function start(elements) {
  const clocks = elements.filter((element) => element.matches("[data-clock]"));
  const tick = () => clocks.forEach((clock) => { clock.textContent = format.format(new Date()); });
  tick();
  setInterval(tick, 1000);
}
