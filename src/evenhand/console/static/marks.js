// Marks: many chosen at once, what applying them would change, and a new one.
import { call, fail } from "./api.js";

const list = document.getElementById("marks");
const chosen = () => [...list.querySelectorAll("input[name=ids]:checked")].map((box) => box.value);

// What is done with a content, in the words of the page.
const action = (name) => document.getElementById("effects").dataset[name] ?? name;

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
    cell(row, effect.action_now === null ? section.dataset.none : action(effect.action_now), true);
    cell(row, action(effect.action_then));
    cell(row, effect.labels_now.join(", "));
    cell(row, effect.labels_then === null ? section.dataset.found : effect.labels_then.join(", ") || section.dataset.harmless);
    cell(row, String(effect.touched_total));
    cell(row, effect.touched.slice(0, 20).map((one) => `${one.decision_id} (${one.alike} %)`).join(", "));
    cell(row, String(effect.unlike_total));
    for (const at of [4, 6]) row.cells[at].className = "number";
    body.append(row);
  }
  document.getElementById("unlike").hidden = !answer.effects.some((effect) => effect.unlike_total);
  section.hidden = false;
  showAlike(answer);
  section.scrollIntoView({ block: "nearest" });
}

// What is alike by embedding: shown to choose among, none of it chosen.
function showAlike(answer) {
  const section = document.getElementById("alike");
  const body = section.querySelector("tbody");
  const why = document.getElementById("alike-why");
  body.replaceChildren();
  why.replaceChildren();
  let rows = 0;
  for (const effect of answer.effects) {
    if (effect.alike_why) {
      const item = document.createElement("li");
      item.textContent = `${effect.content_hash.slice(0, 19)}: ${effect.alike_why}`;
      why.append(item);
    }
    for (const one of effect.alike) {
      rows += 1;
      const row = document.createElement("tr");
      const first = document.createElement("td");
      const box = document.createElement("input");
      box.type = "checkbox";
      box.name = "also";
      box.value = one.decision_id;
      box.dataset.mark = effect.mark;
      box.disabled = !("senior" in section.dataset);
      box.setAttribute("aria-label", `${section.dataset.choose}: ${one.decision_id}`);
      first.append(box);
      row.append(first);
      const points = one.landmarks === null ? "" : ` (${one.landmarks})`;
      cell(row, `${Math.round(100 * one.similarity)} %${points}`);
      cell(row, action(one.action_now));
      cell(row, action(effect.action_then));
      cell(row, one.labels_now.join(", "));
      cell(row, one.excerpt ?? "");
      cell(row, one.decision_id);
      body.append(row);
    }
  }
  section.querySelector("table").hidden = rows === 0;
  const looked = answer.alike_all ? section.dataset.all : section.dataset.some;
  const none = why.children.length ? "" : `${section.dataset.none} ${looked}`; // where nothing was looked for, why not
  document.getElementById("alike-looked").textContent = rows ? looked : none;
  section.hidden = false;
}

// Decisions that were ticked, by the marks that are being applied.
function also(ids) {
  const found = {};
  for (const box of document.querySelectorAll("#alike input[name=also]:checked")) {
    if (ids.includes(box.dataset.mark)) (found[box.dataset.mark] ??= []).push(box.value);
  }
  return found;
}

async function run(step) {
  const ids = chosen();
  if (!ids.length) return;
  fail("");
  try {
    const body = step === "apply" ? { ids, also: also(ids) } : { ids };
    const answer = await call("POST", `/v1/marks/${step}`, body);
    if (step === "preview") show(answer);
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
  const body = { verdict: said("verdict"), reason: said("reason"), near: form.elements.near.checked, ask: form.elements.ask.checked };
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
