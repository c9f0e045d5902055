// Signing in, the first account, one-time codes, and secrets that are shown once.

import { call, fail } from "./api.js";

// Forms whose answer goes on to a second step: the script reads them itself.
function onSubmit(form, work) {
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    if ("busy" in form.dataset) return;
    form.dataset.busy = "";
    fail("");
    try {
      await work(new FormData(form));
    } catch (error) {
      fail(error.message);
      form.querySelector("input:not([hidden])")?.select();
    } finally {
      delete form.dataset.busy;
    }
  });
}

const login = document.getElementById("login");
const second = document.getElementById("login-code");
let step = "";

function signedIn(form) {
  location.assign(form.dataset.after || "/console");
}

onSubmit(login, async (fields) => {
  const answer = await call("POST", "/v1/sessions", { name: fields.get("name"), password: fields.get("password") });
  if (answer.state === "open") return signedIn(login);
  step = answer.step;
  login.hidden = true;
  second.hidden = false;
  second.elements.code.focus();
});

onSubmit(second, async (fields) => {
  await call("POST", "/v1/sessions/code", { step, code: fields.get("code") });
  signedIn(second);
});

// The token of the first set-up stands behind the address's "#", which no server is sent.
const setup = document.getElementById("setup");
if (setup && location.hash.length > 1) {
  setup.elements.token.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}

// Without an account, this browser itself remembers language and looks.
const looks = document.getElementById("looks-here");
onSubmit(looks, async (fields) => {
  for (const name of ["language", "theme"]) {
    const value = fields.get(name);
    document.cookie = `evenhand_${name}=${value}; path=/; samesite=lax; max-age=${value ? 31536000 : 0}`;
  }
  location.reload();
});

document.getElementById("totp")?.addEventListener("api:done", (event) => {
  const { secret, svg } = event.detail;
  document.getElementById("totp-code").src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  document.getElementById("totp-secret").textContent = secret.match(/.{1,4}/g).join(" ");
  document.getElementById("totp").hidden = true;
  document.getElementById("totp-next").hidden = false;
  document.getElementById("totp-confirm").elements.code.focus();
});

// What an answer holds that is never shown again: kept on the page until its reader goes on.
document.addEventListener("api:done", (event) => {
  const field = event.target.dataset?.shows;
  if (!field) return;
  const value = event.detail?.[field];
  if (!value) return location.reload();
  document.getElementById("shown-text").textContent = Array.isArray(value) ? value.join("\n") : value;
  const shown = document.getElementById("shown");
  shown.hidden = false;
  document.getElementById("totp-next")?.setAttribute("hidden", "");
  shown.scrollIntoView({ block: "nearest" });
  shown.querySelector("a")?.focus();
});
