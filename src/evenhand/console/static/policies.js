// Pages of policies: follows runs, shows the share of a rollout, binds business lines.

import { call, fail, say } from "./api.js";

async function follow(element) {
  const bar = element.querySelector("progress");
  const text = element.querySelector("span");
  try {
    const run = await call("GET", `/v1/policies/runs/${encodeURIComponent(element.dataset.run)}`);
    if (run.state === "done" || run.state === "failed") {
      location.reload();
      return;
    }
    bar.max = run.total || 1;
    bar.value = run.done;
    text.textContent = `${run.done} / ${run.total}`;
  } catch (error) {
    fail(error.message);
  }
  setTimeout(() => follow(element), 700);
}

for (const element of document.querySelectorAll("[data-run]")) follow(element);

const slider = document.querySelector("#rollout input[type=range]");
slider?.addEventListener("input", () => {
  document.getElementById("share-out").textContent = Math.round(100 * slider.value);
});

document.getElementById("bind")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(event.target);
  try {
    const body = { policy: given.get("policy"), description: given.get("description") };
    await call("PUT", `/v1/lines/${encodeURIComponent(given.get("line"))}`, body);
    location.reload();
  } catch (error) {
    say("");
    fail(error.message);
  }
});
