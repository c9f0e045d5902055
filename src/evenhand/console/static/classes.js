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
  const found = Object.entries(event.detail.labels).sort((a, b) => b[1] - a[1]);
  const words = found.map(([label, score]) => `${label} ${score.toFixed(2)}`).join(" · ");
  shown.textContent = `${event.detail.action}: ${words || shown.dataset.none}`;
});
