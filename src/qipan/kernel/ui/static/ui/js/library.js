// Loads a classic script once and gives the global that it defines.
const waiting = new Map();

export function library(url, name) {
  if (!waiting.has(url)) {
    waiting.set(url, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = url;
      script.onload = () => resolve(window[name]);
      script.onerror = () => reject(new Error(url));
      document.head.append(script);
    }));
  }
  return waiting.get(url);
}

export function stylesheet(url) {
  if (document.querySelector(`link[href="${CSS.escape(url)}"]`)) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = url;
  document.head.append(link);
}

export function isDark(element) {
  return element.closest("[data-bs-theme]")?.dataset.bsTheme === "dark";
}
