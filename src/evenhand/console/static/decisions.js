// Shows what came of making a decision again.
const button = document.getElementById("replay");
const place = document.getElementById("replayed");

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function verdict(same) {
  if (same === null) return element("span", button.dataset.unknown, "badge warn");
  return element("span", same ? button.dataset.same : button.dataset.differs, `badge ${same ? "good" : "bad"}`);
}

function row(name, then, now, same) {
  const made = element("tr");
  const head = element("th", name);
  head.scope = "row";
  const said = element("td");
  said.append(verdict(same));
  made.append(head, element("td", then ?? "–"), element("td", now ?? "–"), said);
  return made;
}

button?.addEventListener("api:done", (event) => {
  const found = event.detail;
  const title = element("p");
  title.append(verdict(found.same));
  const table = element("table");
  const head = element("tr");
  for (const text of ["", button.dataset.then, button.dataset.now, ""]) {
    const cell = element("td", text);
    head.append(cell);
  }
  const body = element("tbody");
  const { decision } = found;
  const told = (one) => (one ? `${one.action} · ${one.rule ?? "–"}` : "–");
  body.append(head, row(button.dataset.policy, told(decision.then), told(decision.now), decision.same));
  for (const one of found.detectors) body.append(row(one.name, one.then, one.looked ?? one.now, one.same));
  for (const one of found.libraries) body.append(row(one.name, one.then, one.now, one.same));
  table.append(body);
  const parts = [title, table];
  if (found.cannot.length) {
    const list = element("ul");
    for (const one of found.cannot) list.append(element("li", `${one.what}: ${one.why}`));
    parts.push(element("h3", button.dataset.cannot), list);
  }
  place.replaceChildren(...parts);
});
