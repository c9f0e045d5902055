// Keys: data-key="a" on a button or link makes that key press it; `?` lists all of the page.
// Keys are heard only where nobody types: not in inputs, and not while a dialog is open, unless the element is in it.

function typing(target) {
  return target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null
    && !target.matches("input[type=checkbox], input[type=radio], input[type=button], input[type=submit]");
}

function shown(element) {
  return element.checkVisibility?.() ?? element.offsetParent !== null;
}

export function named(element) {
  return element.getAttribute("aria-label") || element.dataset.keyName || element.textContent.trim();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  const open = document.querySelector("dialog[open]");
  const within = open ?? document;
  const key = event.key.length === 1 ? event.key : event.key.toLowerCase();
  for (const element of within.querySelectorAll("[data-key]")) {
    if (element.dataset.key !== key || !shown(element) || element.getAttribute("aria-disabled") === "true") continue;
    event.preventDefault();
    element.focus();
    element.click();
    return;
  }
});

const help = document.getElementById("keys");
new MutationObserver(() => {
  if (!help.open) return;
  const list = help.querySelector("dl");
  const rows = [...document.querySelectorAll("[data-key]")].filter((element) => !help.contains(element) && shown(element));
  list.replaceChildren(
    ...rows.flatMap((element) => {
      const term = document.createElement("dt");
      const key = document.createElement("kbd");
      key.textContent = element.dataset.key;
      term.append(key);
      const what = document.createElement("dd");
      what.textContent = named(element);
      return [term, what];
    }),
  );
}).observe(help, { attributes: true, attributeFilter: ["open"] });
