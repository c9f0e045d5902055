// The form of one's own wellness: lists may be emptied, and labels have dots in their names.
import { call, fail, read, say } from "./api.js";

document.querySelector("form[data-wellness]").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const body = read(form);
  body.opt_outs ??= [];
  body.budget = {};
  for (const input of form.querySelectorAll("[data-budget]")) body.budget[input.dataset.budget] = Number(input.value || 0);
  fail("");
  try {
    await call("PATCH", "/v1/wellness", body);
    say(form.dataset.said);
  } catch (error) {
    fail(error.message);
  }
});
