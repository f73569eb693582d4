// What JavaScript adds to forms that work without it: suggestions, previews, focus on the first error.
const SIDE = 1600; // longest side of an uploaded picture in pixels

export function start(elements) {
  for (const element of elements) {
    if (element.matches("[data-filters]")) watchRange(element);
    if (element.matches("[data-options]")) suggest(element);
    if (element.matches("[data-form]")) prepare(element);
  }
}

// Empty filters stay out of the address.
function watchRange(form) {
  form.addEventListener("htmx:configRequest", (event) => {
    for (const [name, value] of [...event.detail.formData.entries()]) {
      if (value === "") event.detail.formData.delete(name);
    }
  });
}

function suggest(input) {
  let last = "";
  input.addEventListener("input", async () => {
    const text = input.value.trim();
    if (text === last) return;
    last = text;
    const answer = await fetch(`${input.dataset.options}?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok || text !== last) return;
    const list = document.getElementById(input.getAttribute("list"));
    list.replaceChildren(...(await answer.json()).map(({ value, label }) => {
      const option = document.createElement("option");
      option.value = value;
      option.textContent = label;
      return option;
    }));
  });
}

function prepare(form) {
  form.querySelector(".error-summary")?.focus();
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button[type=submit]")) setTimeout(() => { button.disabled = true; });
  });
  window.addEventListener("pageshow", () => {
    for (const button of form.querySelectorAll("button[type=submit]")) button.disabled = false;
  });
  for (const input of form.querySelectorAll("input[type=file]")) previewPhotos(form, input);
}

function previewPhotos(form, input) {
  const shown = form.querySelector(`[data-preview-for="${input.id}"]`);
  input.addEventListener("change", async () => {
    const files = await Promise.all([...input.files].map(lighten));
    const transfer = new DataTransfer();
    files.forEach((file) => transfer.items.add(file));
    input.files = transfer.files;
    shown?.replaceChildren(...files.filter((file) => file.type.startsWith("image/")).map(picture));
  });
}

function picture(file) {
  const image = document.createElement("img");
  image.alt = file.name;
  image.src = URL.createObjectURL(file);
  image.onload = () => URL.revokeObjectURL(image.src);
  return image;
}

// A phone's 12-megapixel picture is made smaller before it goes over a village's network. JPEG keeps
// its EXIF (place and time of the picture are evidence), so only larger ones without it are redrawn.
async function lighten(file) {
  if (!/^image\/(png|webp)$/.test(file.type) || file.size < 1_000_000) return file;
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
  return new File([blob], file.name.replace(/\.\w+$/, ".jpg"), { type: "image/jpeg" });
}
