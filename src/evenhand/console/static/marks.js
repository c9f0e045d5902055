// Marks: many chosen at once, what applying them would change, and a new one.
import { call, fail } from "./api.js";

const list = document.getElementById("marks");
const chosen = () => [...list.querySelectorAll("input[name=ids]:checked")].map((box) => box.value);

function cell(row, text, header) {
  const made = document.createElement(header ? "th" : "td");
  if (header) made.scope = "row";
  made.textContent = text;
  row.append(made);
}

function show(answer) {
  const section = document.getElementById("effects");
  const body = section.querySelector("tbody");
  body.replaceChildren();
  for (const effect of answer.effects) {
    const row = document.createElement("tr");
    cell(row, effect.action_now ?? section.dataset.none, true);
    cell(row, effect.action_then);
    cell(row, effect.labels_now.join(", "));
    cell(row, effect.labels_then === null ? section.dataset.found : effect.labels_then.join(", ") || section.dataset.harmless);
    cell(row, String(effect.touched_total));
    cell(row, effect.touched.slice(0, 20).map((one) => `${one.decision_id} (${one.alike} %)`).join(", "));
    body.append(row);
  }
  section.hidden = false;
  section.scrollIntoView({ block: "nearest" });
}

async function run(action) {
  const ids = chosen();
  if (!ids.length) return;
  fail("");
  try {
    const answer = await call("POST", `/v1/marks/${action}`, { ids });
    if (action === "preview") show(answer);
    else location.reload();
  } catch (error) {
    fail(error.message);
  }
}

for (const button of document.querySelectorAll("button[data-marks]")) {
  button.addEventListener("click", () => run(button.dataset.marks));
}
document.getElementById("all-marks")?.addEventListener("change", (event) => {
  for (const box of list.querySelectorAll("input[name=ids]")) box.checked = event.target.checked;
});

document.getElementById("mark")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const said = (name) => form.elements[name].value.trim();
  const about = said("about");
  const body = { verdict: said("verdict"), reason: said("reason"), near: form.elements.near.checked };
  body[about.startsWith("sha256:") ? "content_hash" : "decision_id"] = about;
  if (said("action")) body.action = said("action");
  if (body.verdict === "wrong") body.labels = said("labels").split(/[\s,;]+/).filter(Boolean);
  if (said("text")) body.text = said("text");
  fail("");
  try {
    await call("POST", "/v1/marks", body);
    location.assign("/console/marks");
  } catch (error) {
    fail(error.message);
  }
});
