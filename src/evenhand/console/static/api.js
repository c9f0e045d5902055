// Sends what people do to the API, as JSON.
//
// <form data-api="POST /v1/things" data-next="/console/things/{id}" data-done="Saved." data-confirm="Sure?">
//   data-next    where to go afterwards; {names} are fields of the answer. Without it and without data-stay the page
//                is loaded anew.
//   data-stay    stay on the page; the form then gets the event "api:done" with the answer as `detail`.
//   data-done    what is said afterwards.
//   data-confirm asked before it is sent.
//   data-as="multipart"  send the form as it is (files), not as JSON.
// Inputs by their names; "a.b" nests. What is empty is left out, unless the input has data-keep (then null).
//   data-type="number" | "boolean" | "json" | "lines" (a list, one a line) | "list" (split at commas) | "datetime" (local
//   time -> UTC). A lone checkbox is a boolean; several of one name, or one with data-type="list", are a list.
// A button with name and value that sends the form is part of it. Buttons may have data-api of their own, without a form.

const errors = document.getElementById("errors");
const messages = document.getElementById("messages");

export function say(text) {
  if (!messages) return;
  messages.textContent = text;
  messages.hidden = !text;
}

export function fail(text) {
  if (!errors) return;
  errors.textContent = text;
  errors.hidden = !text;
  if (text) errors.scrollIntoView({ block: "nearest" });
}

export class ApiError extends Error {
  constructor(status, body) {
    super(body?.error?.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = body?.error?.code;
    this.problems = body?.error?.problems ?? [];
  }
}

// What to tell where no answer came at all.
export function unreached() {
  return new Error(document.querySelector('meta[name="unreached"]')?.content);
}

// Calls the API; gives the answer's JSON (null where it has none) or throws an ApiError.
export async function call(method, path, body, { signal, keepalive } = {}) {
  const headers = { accept: "application/json" };
  const csrf = document.querySelector('meta[name="csrf"]')?.content;
  if (csrf) headers["x-csrf-token"] = csrf;
  let payload;
  if (body instanceof FormData) payload = body;
  else if (body !== undefined) {
    headers["content-type"] = "application/json";
    payload = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: payload, credentials: "same-origin", signal, keepalive });
  } catch (error) {
    throw error.name === "AbortError" ? error : unreached();
  }
  const text = await answer.text();
  let parsed = null;
  try {
    parsed = text ? JSON.parse(text) : null;
  } catch {
    parsed = null;
  }
  if (answer.status === 401 && !location.pathname.startsWith("/console/accounts/login")) {
    location.assign(`/console/accounts/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  if (!answer.ok) throw new ApiError(answer.status, parsed);
  return parsed;
}

function convert(input, value) {
  switch (input.dataset.type) {
    case "number":
      return Number(value);
    case "boolean":
      return value === "true" || value === "on";
    case "json":
      return JSON.parse(value);
    case "lines":
      return value.split("\n").map((line) => line.trim()).filter(Boolean);
    case "list":
      return value.split(",").map((part) => part.trim()).filter(Boolean);
    case "datetime":
      return new Date(value).toISOString();
    default:
      return value;
  }
}

function put(target, name, value) {
  const path = name.split(".");
  const last = path.pop();
  for (const part of path) target = target[part] ??= {};
  target[last] = value;
}

// Gives the JSON body that a form stands for.
export function read(form, submitter) {
  const body = {};
  const boxes = new Map();
  for (const input of form.elements) {
    if (!input.name || input.disabled || input.type === "submit" || input.type === "button" || input.type === "file") continue;
    if (input.type === "checkbox") {
      boxes.set(input.name, [...(boxes.get(input.name) ?? []), input]);
      continue;
    }
    if (input.type === "radio" && !input.checked) continue;
    if (input instanceof HTMLSelectElement && input.multiple) {
      put(body, input.name, [...input.selectedOptions].map((option) => option.value));
      continue;
    }
    if (input.value === "") {
      if ("keep" in input.dataset) put(body, input.name, null);
      continue;
    }
    put(body, input.name, convert(input, input.value));
  }
  for (const [name, inputs] of boxes) {
    const many = inputs.length > 1 || inputs[0].dataset.type === "list";
    put(body, name, many ? inputs.filter((box) => box.checked).map((box) => box.value) : inputs[0].checked);
  }
  if (submitter?.name) put(body, submitter.name, convert(submitter, submitter.value));
  return body;
}

async function send(element, body) {
  const [method, path] = element.dataset.api.split(" ");
  const buttons = element instanceof HTMLFormElement ? [...element.querySelectorAll("button")] : [element];
  if (element.dataset.confirm && !window.confirm(element.dataset.confirm)) return;
  fail("");
  for (const button of buttons) button.setAttribute("aria-disabled", "true");
  element.dataset.busy = "";
  try {
    const answer = await call(method, path, body);
    element.dispatchEvent(new CustomEvent("api:done", { bubbles: true, detail: answer }));
    const done = element.dataset.done ?? "";
    if ("stay" in element.dataset) {
      if (done) say(done);
      return;
    }
    if (done) sessionStorage.setItem("evenhand-said", done);
    const next = element.dataset.next;
    if (next) location.assign(next.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(answer?.[name] ?? "")));
    else location.reload();
  } catch (error) {
    const lines = (error.problems ?? []).map((problem) => `${problem.line ?? ""}: ${problem.message}`);
    fail([error.message, ...lines].join("\n"));
    element.dispatchEvent(new CustomEvent("api:failed", { bubbles: true, detail: error }));
  } finally {
    delete element.dataset.busy;
    for (const button of buttons) button.removeAttribute("aria-disabled");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.api) return;
  event.preventDefault();
  if ("busy" in form.dataset) return;
  try {
    send(form, form.dataset.as === "multipart" ? new FormData(form, event.submitter) : read(form, event.submitter));
  } catch (error) {
    fail(error.message); // a field that is not JSON
  }
});

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const opener = target?.closest("[data-open]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.open)?.showModal();
    return;
  }
  const button = target?.closest("button[data-api]");
  if (button && !("busy" in button.dataset)) {
    event.preventDefault();
    send(button, button.dataset.body ? JSON.parse(button.dataset.body) : undefined);
  }
});

const said = sessionStorage.getItem("evenhand-said");
if (said) {
  sessionStorage.removeItem("evenhand-said");
  say(said);
}
