// Shows the signing secret of a new webhook once.
const form = document.getElementById("new");
const place = document.getElementById("secret");

form.addEventListener("api:done", (event) => {
  place.querySelector("code").textContent = event.detail.secrets[0];
  place.hidden = false;
});
