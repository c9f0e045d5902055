// The policy editor: a form and the YAML text of one document, in step. The text is the document; what is done in the
// form goes to the API as changes of single values, and the text that comes back replaces it. Comments stay.

import { call, fail, say } from "./api.js";

const editor = document.getElementById("editor");
const text = document.getElementById("document");
const form = document.getElementById("form");
const problems = document.getElementById("problems");
const verdict = document.getElementById("verdict");
const word = (name) => editor.dataset[`word${name[0].toUpperCase()}${name.slice(1)}`] ?? name;
const ACTIONS = ["pass", "mark", "review", "block"];

let turn = 0; // answers to older questions are not shown
let timer = 0;
let saved = text.value;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

function field(label, input) {
  return make("label", { class: "field" }, make("span", {}, label), input);
}

async function ask(path, body) {
  const mine = ++turn;
  try {
    const answer = await call("POST", path, body);
    if (mine === turn) show(answer);
  } catch (error) {
    if (mine === turn) fail(error.message);
  }
}

function validate() {
  return ask("/v1/policies/validate", { document: text.value });
}

// One change of the document, from the form.
function change(path, value, what = "set") {
  const gone = value === undefined;
  return ask("/v1/policies/edit", { document: text.value, changes: [{ path, what: gone ? "remove" : what, value: gone ? null : value }] });
}

function show(answer) {
  fail("");
  if (text.value !== answer.document) text.value = answer.document;
  const count = answer.problems.length;
  verdict.textContent = count ? word("invalid").replace("{n}", count) : word("valid");
  verdict.className = count ? "badge bad" : "badge good";
  problems.replaceChildren(
    ...answer.problems.map((one) =>
      make("li", {}, make("button", { type: "button", class: "quiet", onclick: () => jump(one.line, one.column) }, `${one.line}:${one.column}`), ` ${one.message}`),
    ),
    ...answer.warnings.map((one) => make("li", {}, one)),
  );
  if (answer.value && typeof answer.value === "object") draw(answer.value);
  else form.replaceChildren(make("p", { class: "note" }, word("broken")));
}

function jump(line, column) {
  const rows = text.value.split("\n");
  const start = rows.slice(0, Math.max(0, line - 1)).reduce((sum, row) => sum + row.length + 1, 0) + Math.max(0, column - 1);
  text.focus();
  text.setSelectionRange(start, start + 1);
  text.scrollTop = Math.max(0, (line - 5) * 20);
}

function list(value) {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}

function words(value) {
  return value.split(",").map((part) => part.trim()).filter(Boolean);
}

function input(value, done, attributes = {}) {
  return make("input", { ...attributes, value: value ?? "", onchange: (event) => done(event.target.value) });
}

function choice(value, options, done) {
  const select = make("select", { onchange: (event) => done(event.target.value) });
  select.append(...options.map(([name, label]) => make("option", { value: name, selected: name === value }, label)));
  return select;
}

function json(value, done) {
  return input(value === undefined ? "" : JSON.stringify(value), (given) => {
    if (!given.trim()) return done(undefined);
    try {
      done(JSON.parse(given));
    } catch {
      fail(word("json"));
    }
  });
}

function draw(value) {
  const at = document.activeElement?.id && form.contains(document.activeElement) ? document.activeElement.id : "";
  const lines = value.lines && typeof value.lines === "object" && !Array.isArray(value.lines) ? value.lines : {};
  const open = [...form.querySelectorAll("details")].map((one) => one.open);
  const name = make("input", { pattern: "[a-z0-9._\\-]+" });
  form.replaceChildren(
    make(
      "div",
      { class: "grid" },
      field(word("policy"), input(value.name, (given) => change(["name"], given))),
      field(word("version"), input(value.version, (given) => change(["version"], given))),
    ),
    field(word("description"), input(value.description, (given) => change(["description"], given))),
    ...Object.entries(lines).map(([line, entry]) => drawLine(line, entry ?? {}, Object.keys(lines))),
    make(
      "div",
      { class: "toolbar" },
      field(word("new"), name),
      make("button", { type: "button", onclick: () => name.value && change(["lines", name.value], { extends: "default", rules: [] }) }, word("line")),
    ),
  );
  form.querySelectorAll("details").forEach((one, place) => {
    if (place in open) one.open = open[place];
  });
  number(form);
  if (at) document.getElementById(at)?.focus();
}

// Gives every input an id of its own place, so that the focus stays where it was when the form is drawn anew.
function number(root) {
  root.querySelectorAll("input, select, button").forEach((element, place) => {
    element.id = `f${place}`;
  });
}

function drawLine(name, entry, all) {
  const path = ["lines", name];
  const rules = list(entry.rules);
  const named = (key) => input(list(entry[key]).join(", "), (given) => change([...path, key], words(given).length ? words(given) : undefined));
  const bases = [["", "–"], ["evenhand", "evenhand"], ...all.filter((one) => one !== name).map((one) => [one, one])];
  return make(
    "fieldset",
    { class: "line" },
    make("legend", {}, `${word("business")} ${name}`),
    field(word("description"), input(entry.description, (given) => change([...path, "description"], given || undefined))),
    make(
      "div",
      { class: "grid" },
      field(word("extends"), choice(entry.extends ?? "", bases, (given) => change([...path, "extends"], given || undefined))),
      field(word("incomplete"), choice(entry.incomplete ?? "", [["", word("none")], ...ACTIONS.map((one) => [one, word(one)])], (given) => change([...path, "incomplete"], given || undefined))),
    ),
    make("div", { class: "grid" }, field(word("skip"), named("skip")), field(word("detectors"), named("detectors")), field(word("libraries"), named("libraries"))),
    drawThresholds(path, entry.thresholds ?? {}),
    make("h3", {}, word("rules")),
    ...rules.map((rule, place) => drawRule([...path, "rules", place], rule ?? {}, place, rules)),
    make("button", { type: "button", onclick: () => change([...path, "rules", rules.length], { name: `rule-${rules.length + 1}`, when: { label: "spam", score: { min: 0.9 } }, action: "mark" }, "insert") }, word("rule")),
    ...(name === "default" ? [] : [" ", make("button", { type: "button", class: "danger", onclick: () => change(path) }, `${word("remove")}: ${name}`)]),
  );
}

function drawThresholds(path, thresholds) {
  const label = make("input", { list: "labels" });
  const rows = Object.entries(thresholds).map(([name, steps]) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, name),
      ...["mark", "review", "block"].map((action) =>
        make("td", {}, input(steps?.[action], (given) => change([...path, "thresholds", name, action], given === "" ? undefined : Number(given)), { type: "number", min: 0, max: 1, step: "any", "aria-label": `${name} ${word(action)}` })),
      ),
      make("td", {}, make("button", { type: "button", "aria-label": `${word("remove")} ${name}`, onclick: () => change([...path, "thresholds", name]) }, "×")),
    ),
  );
  const head = [word("label"), word("mark"), word("review"), word("block"), ""].map((one) => (one ? make("th", { scope: "col" }, one) : make("td")));
  return make(
    "details",
    { class: "thresholds", open: rows.length > 0 },
    make("summary", {}, word("thresholds")),
    make("div", { class: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows))),
    make("div", { class: "toolbar" }, field(word("label"), label), make("button", { type: "button", onclick: () => label.value && change([...path, "thresholds", label.value], { review: 0.75 }) }, word("threshold"))),
  );
}

function drawRule(path, rule, place, rules) {
  const when = rule.when && typeof rule.when === "object" ? rule.when : {};
  const score = typeof when.score === "object" && when.score !== null ? when.score.min : when.score;
  const up = () => ask("/v1/policies/edit", { document: text.value, changes: [{ path, what: "remove", value: null }, { path: [...path.slice(0, -1), place - 1], what: "insert", value: rules[place] }] });
  return make(
    "details",
    { class: "rule" },
    make("summary", {}, `${rule.name ?? "?"} → ${rule.action ? word(rule.action) : "?"}`),
    make(
      "div",
      { class: "grid" },
      field(word("name"), input(rule.name, (given) => change([...path, "name"], given))),
      field(word("action"), choice(rule.action ?? "", ACTIONS.map((one) => [one, word(one)]), (given) => change([...path, "action"], given))),
      field(word("labels"), input(list(when.label).join(", "), (given) => change([...path, "when", "label"], words(given).length > 1 ? words(given) : words(given)[0]), { list: "labels" })),
      field(word("score"), input(score, (given) => change([...path, "when", "score"], given === "" ? undefined : { min: Number(given) }), { type: "number", min: 0, max: 1, step: "any" })),
    ),
    field(word("when"), json(rule.when, (given) => change([...path, "when"], given ?? {}))),
    field(word("unless"), json(rule.unless, (given) => change([...path, "unless"], given))),
    field(word("reason"), input(rule.reason, (given) => change([...path, "reason"], given || undefined))),
    make(
      "p",
      { class: "toolbar" },
      ...(place ? [make("button", { type: "button", onclick: up }, word("up"))] : []),
      make("button", { type: "button", class: "danger", onclick: () => change(path) }, `${word("remove")}: ${rule.name ?? ""}`),
    ),
  );
}

text.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(validate, 300);
});

document.getElementById("save").addEventListener("click", async () => {
  const id = editor.dataset.version;
  const body = { document: text.value, note: document.getElementById("note").value };
  try {
    fail("");
    const answer = id
      ? await call("PUT", `/v1/policies/versions/${encodeURIComponent(id)}`, { ...body, expects: editor.dataset.sha })
      : await call("POST", "/v1/policies/versions", body);
    saved = text.value;
    location.assign(`/console/policies/versions/${encodeURIComponent(answer.id)}`);
  } catch (error) {
    say("");
    fail([error.message, ...error.problems.map((one) => `${one.line}: ${one.message}`)].join("\n"));
  }
});

window.addEventListener("beforeunload", (event) => {
  if (text.value !== saved) event.preventDefault();
});

validate();
