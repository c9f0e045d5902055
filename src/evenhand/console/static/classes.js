// Forms that teach: how many lines there are, and that it takes a while; and what a tried text got.
import { say } from "./api.js";

for (const area of document.querySelectorAll("textarea[data-counted]")) {
  const shown = document.getElementById(area.dataset.counted);
  const count = () => {
    const lines = area.value.split("\n").filter((line) => line.trim()).length;
    shown.textContent = lines ? shown.dataset.words.replace("{n}", lines) : "";
  };
  area.addEventListener("input", count);
  count();
}

for (const form of document.querySelectorAll("form[data-teach]")) {
  form.addEventListener("submit", () => say(form.dataset.teach));
  form.addEventListener("api:failed", () => say(""));
}

document.getElementById("try")?.addEventListener("api:done", (event) => {
  const shown = document.getElementById("tried");
  const { found, score, threshold, label, partial } = event.detail;
  const verdict = found ? `${shown.dataset.found}: ${label}` : shown.dataset.none;
  shown.textContent = [`${score.toFixed(2)} ${verdict}`, `${shown.dataset.threshold} ${threshold.toFixed(2)}`, partial].filter(Boolean).join(" · ");
});
