// Forms of a library that are not plain JSON: one entry, one sample with a file, and a list read from a file.
import { call, fail } from "./api.js";

const MOST = 24 * 2 ** 20; // bytes of a file; Base64 makes a third more of it

function fields(form, names) {
  const found = {};
  for (const name of names) {
    const value = form.elements[name]?.value.trim();
    if (value) found[name] = name === "expires" ? new Date(value).toISOString() : value;
  }
  return found;
}

async function base64(file) {
  if (file.size > MOST) throw new Error(`${file.name}: ${MOST / 2 ** 20} MiB`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

function sends(form, make) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if ("busy" in form.dataset) return;
    form.dataset.busy = "";
    fail("");
    try {
      const [path, body] = await make(form);
      await call("POST", path, body);
      location.reload();
    } catch (error) {
      fail(error.message);
    } finally {
      delete form.dataset.busy;
    }
  });
}

for (const form of document.querySelectorAll("form[data-entry]")) {
  sends(form, async () => {
    const entry = fields(form, ["value", "match", "label", "expires", "note"]);
    const languages = form.elements.languages.value.split(/[\s,]+/).filter(Boolean);
    if (languages.length) entry.languages = languages;
    return [form.dataset.entry, { entries: [entry] }];
  });
}

for (const form of document.querySelectorAll("form[data-sample]")) {
  sends(form, async () => {
    const body = fields(form, ["text", "decision_id", "value", "label", "expires", "note"]);
    const file = form.elements.file?.files[0];
    if (file) body.data = await base64(file);
    return [form.dataset.sample, body];
  });
}

for (const input of document.querySelectorAll("input[type=file][data-into]")) {
  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (file) document.getElementById(input.dataset.into).value = await file.text();
  });
}
