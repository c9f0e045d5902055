// The work of a reviewer: claim, look, decide with one key, and the next item stands there.
// The next item's page is fetched and put in place of this one's, so that nothing is loaded twice.
import { call, fail, read, say, unreached } from "./api.js";
import { recording, words } from "./recording.js";

let item = document.getElementById("item");
let busy = false;
let leaving = false;
let renewal = null;
let later = null;

const path = (step = "") => `/v1/review/items/${item.dataset.id}${step}`;
const wanted = () => JSON.parse(item?.dataset.wanted || "{}");
const mine = () => item && "mine" in item.dataset && item.dataset.state !== "done";

// Pages of our own server, read as documents: they are parsed without running anything.
function load(address) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", address);
    request.responseType = "document";
    request.onload = () => resolve(request.response);
    request.onerror = () => reject(unreached());
    request.send();
  });
}

function address(id) {
  return `/console/review/items/${encodeURIComponent(id)}?work=1${item?.dataset.query ? `&${item.dataset.query}` : ""}`;
}

async function show(id, said) {
  const target = address(id);
  const fresh = await load(target);
  const next = fresh?.getElementById("item");
  if (!next) {
    location.assign(target);
    return;
  }
  item.replaceWith(document.adoptNode(next));
  item = next;
  document.title = fresh.title;
  history.replaceState(null, "", target);
  window.scrollTo(0, 0);
  begin();
  const title = item.querySelector("h1");
  title.focus({ preventScroll: true });
  say([said, `${item.dataset.saidNext}: ${title.textContent.replace(/\s+/g, " ").trim()}`].filter(Boolean).join(" "));
}

function leave(text) {
  leaving = true;
  sessionStorage.setItem("evenhand-said", text);
  location.assign("/console/review");
}

function told(given, element) {
  if (given.held_back?.why === "break") return element.dataset.saidBreak;
  if (given.held_back) return element.dataset.saidLimits;
  return element.dataset.none ?? element.dataset.saidNone;
}

async function follow(given, said) {
  if (given.item) await show(given.item.decision_id, said);
  else leave([said, told(given, item)].filter(Boolean).join(" "));
}

// One step at a time; how long it took, from the key to the next item, stands on the page for whoever measures.
async function step(work) {
  if (busy) return;
  busy = true;
  fail("");
  const began = performance.now();
  try {
    await work();
    document.documentElement.dataset.stepMs = (performance.now() - began).toFixed(1);
    document.documentElement.dataset.steps = Number(document.documentElement.dataset.steps ?? 0) + 1;
  } catch (error) {
    fail(error.message);
  } finally {
    busy = false;
  }
}

async function decide(body, said) {
  const done = await call("POST", path("/decide"), { ...body, next: wanted() });
  delete item.dataset.mine;
  await follow(done.next, said);
}

async function undo() {
  const undone = await call("POST", "/v1/review/undo");
  if (!item) {
    leaving = true;
    location.assign(address(undone.decision_id));
    return;
  }
  const left = mine() && item.dataset.id !== undone.decision_id ? path("/release") : null;
  const said = item.dataset.saidUndone;
  await show(undone.decision_id, said);
  if (left) await call("POST", left);
}

async function submitted(form) {
  const body = read(form);
  const kind = form.dataset.stepForm;
  if (kind === "decide") {
    body.labels ??= [];
    await decide(body);
    return;
  }
  if (kind === "hold") {
    body.until = new Date(Date.now() + body.hours * 3_600_000).toISOString();
    delete body.hours;
  }
  await call("POST", path(`/${kind}`), body);
  delete item.dataset.mine;
  await follow(await call("POST", "/v1/review/claim", wanted()));
}

// Evidence: one list of places, stepped through with j and k.
function go(button) {
  for (const one of item.querySelectorAll("[data-step]")) one.removeAttribute("aria-current");
  button.setAttribute("aria-current", "true");
  button.focus();
  const figure = item.querySelector("[data-picture]");
  if (figure && button.dataset.frame !== undefined) frame(figure, button.dataset.frame);
  for (const shape of item.querySelectorAll("[data-box], [data-incident-bar]")) {
    const on = shape.dataset.box !== undefined && shape.dataset.box === button.dataset.evidence;
    const bar = shape.dataset.incidentBar !== undefined && shape.dataset.incidentBar === button.dataset.incident;
    shape.classList.toggle("on", on || bar);
  }
  const player = item.querySelector("[data-player]");
  if (player && button.dataset.jump !== undefined) player.currentTime = Number(button.dataset.jump);
  if (button.dataset.span !== undefined) {
    const marks = [...item.querySelectorAll("[data-original] mark")];
    const at = Number(button.dataset.span);
    const found = marks.findLast((mark) => Number(mark.dataset.at) <= at) ?? marks[0];
    for (const mark of marks) mark.classList.toggle("on", mark === found);
    found?.scrollIntoView({ block: "center" });
  }
}

function move(by) {
  const steps = [...item.querySelectorAll("[data-step]")];
  if (!steps.length) return;
  const at = steps.findIndex((one) => one.getAttribute("aria-current") === "true");
  go(steps[at < 0 ? (by > 0 ? 0 : steps.length - 1) : (at + by + steps.length) % steps.length]);
}

function frame(picture, number) {
  if ((picture.dataset.frame ?? "") !== number) {
    picture.dataset.frame = number;
    picture.src = `${picture.dataset.picture}?frame=${number}`;
  }
  for (const box of item.querySelectorAll("[data-box]")) {
    box.toggleAttribute("hidden", box.dataset.frame !== undefined && box.dataset.frame !== number);
  }
}

// Pictures: boxes stand in the pixels of what the server drew.
function pictures() {
  const picture = item.querySelector("[data-picture]");
  if (!picture) return;
  const boxes = item.querySelector(".boxes");
  const fit = () => {
    if (!picture.naturalWidth) return;
    boxes.setAttribute("viewBox", `0 0 ${picture.naturalWidth} ${picture.naturalHeight}`);
    boxes.setAttribute("width", picture.offsetWidth);
    boxes.setAttribute("height", picture.offsetHeight);
  };
  picture.addEventListener("load", fit);
  new ResizeObserver(fit).observe(picture); // at reduced size, or on a narrower screen
  fit();
}

function hold(on) {
  item?.querySelector("[data-media]")?.classList.toggle("shown", on);
}

async function write(button) {
  say(button.dataset.busy);
  button.setAttribute("aria-disabled", "true");
  const own = item;
  try {
    words(own, await call("POST", path("/transcript")));
    say(button.dataset.said);
  } catch (error) {
    fail(error.message);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

async function similar(own) {
  const place = own.querySelector("[data-similar]");
  const found = (await load(place.dataset.similar))?.getElementById("similar-found");
  if (found && own === item) place.replaceChildren(document.adoptNode(found));
}

async function renew() {
  if (!mine()) return;
  try {
    await call("POST", path("/renew"));
  } catch {
    // It was released as the page was loaded anew, or its lease ran out: whoever is first has it.
    await call("POST", path("/claim")).catch(() => {
      if (!item) return;
      delete item.dataset.mine;
      fail(item.dataset.saidLost);
    });
  }
}

// What every item needs once it stands on the page.
function begin() {
  clearInterval(renewal);
  clearTimeout(later);
  if (!item) return;
  pictures();
  recording(item);
  const own = item;
  later = setTimeout(() => similar(own).catch(() => {}), 400);
  renewal = setInterval(renew, Math.min(60, Number(item.dataset.lease) / 3) * 1000);
  if (!mine() && "work" in item.dataset && item.dataset.state === "waiting") {
    step(async () => {
      await call("POST", path("/claim"));
      await show(item.dataset.id);
    });
  }
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (!button || button.getAttribute("aria-disabled") === "true") return;
  const data = button.dataset;
  if (data.claim !== undefined) {
    step(async () => {
      const chosen = JSON.parse(data.claim);
      const given = await call("POST", "/v1/review/claim", Object.fromEntries(Object.entries(chosen).filter(([, value]) => value)));
      if (!given.item) {
        say(told(given, button));
        return;
      }
      const query = new URLSearchParams({ work: "1", ...Object.fromEntries(Object.entries(chosen).filter(([, value]) => value)) });
      location.assign(`/console/review/items/${given.item.decision_id}?${query}`);
    });
  } else if (data.decide !== undefined) step(() => decide(JSON.parse(data.decide), data.said));
  else if (data.undo !== undefined) step(undo);
  else if (data.take !== undefined)
    step(async () => {
      await call("POST", path("/claim"));
      await show(item.dataset.id);
    });
  else if (data.release !== undefined)
    step(async () => {
      await call("POST", path("/release"));
      delete item.dataset.mine;
      leave("");
    });
  else if (data.close !== undefined) button.closest("dialog").close();
  else if (data.move !== undefined) move(Number(data.move));
  else if (data.write !== undefined) write(button);
  else if (data.toggle !== undefined) {
    const on = item.querySelector("[data-media]").classList.toggle(data.toggle);
    button.setAttribute("aria-pressed", String(on));
  } else if (data.play !== undefined) {
    const player = item.querySelector("[data-player]");
    if (player.paused) player.play().catch((error) => fail(error.message));
    else player.pause();
  } else if (data.sound !== undefined) {
    const player = item.querySelector("[data-player]");
    player.muted = !player.muted;
    button.setAttribute("aria-pressed", String(player.muted));
  } else if (data.step !== undefined) go(button);
  else if (data.jump !== undefined) item.querySelector("[data-player]").currentTime = Number(data.jump);
});

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.stepForm) return;
  event.preventDefault();
  const form = event.target;
  step(async () => {
    await submitted(form);
    form.closest("dialog")?.close();
  });
});

// Held: the key v, the button, or the pointer on the picture.
const isHold = (target) => target instanceof Element && target.closest("[data-hold], .veiled .stage") !== null;
document.addEventListener("pointerdown", (event) => isHold(event.target) && hold(true));
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => hold(false));
window.addEventListener("blur", () => hold(false));
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof Element && event.target.closest("input, textarea, select") !== null;
  const pressed = (event.key === " " || event.key === "Enter") && event.target instanceof Element && event.target.closest("[data-hold]");
  if (pressed || (event.key === "v" && !typing && !event.ctrlKey && !event.metaKey)) hold(true);
});
document.addEventListener("keyup", () => hold(false));

// Left: others may have it at once.
window.addEventListener("pagehide", () => {
  if (mine() && !leaving) call("POST", path("/release"), undefined, { keepalive: true }).catch(() => {});
});
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

begin();
