// Shows what verifying the audit log found.
const form = document.getElementById("verify");
const place = document.getElementById("verified");

form?.addEventListener("api:done", (event) => {
  const found = event.detail;
  const good = found.problems.length === 0;
  const title = document.createElement("p");
  const badge = document.createElement("strong");
  badge.className = `badge ${good ? "good" : "bad"}`;
  badge.textContent = good ? place.dataset.good : place.dataset.bad;
  title.append(badge);
  const facts = document.createElement("dl");
  facts.className = "facts";
  for (const [name, value] of [
    [place.dataset.links, found.entries],
    [place.dataset.erased, found.erased],
    [place.dataset.head, found.head],
  ]) {
    const term = document.createElement("dt");
    term.textContent = name;
    const told = document.createElement("dd");
    told.textContent = value;
    facts.append(term, told);
  }
  const problems = document.createElement("ul");
  for (const problem of found.problems) {
    const item = document.createElement("li");
    item.textContent = problem;
    problems.append(item);
  }
  place.replaceChildren(title, facts, ...(good ? [] : [problems]));
});
