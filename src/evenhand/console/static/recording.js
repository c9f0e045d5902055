// A recording under review: the player, the timeline with its waveform and incidents, boxes, and the words agree.
import { call } from "./api.js";

function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}

// Recordings: one timeline, on which the player, the waveform, the incidents and the words agree.
export function recording(own) {
  const path = (step) => `/v1/review/items/${own.dataset.id}${step}`;
  const player = own.querySelector("[data-player]");
  const line = own.querySelector("[data-timeline]");
  if (player) {
    player.muted = "mute" in own.dataset;
    player.addEventListener("error", () => own.querySelector("[data-unplayable]")?.removeAttribute("hidden"));
  }
  if (player && own.querySelector(".boxes")) framed(own, player);
  if (!line) return;
  const seconds = Number(line.dataset.seconds);
  const follow = () => {
    const at = player.currentTime;
    const x = (1000 * at) / seconds;
    line.querySelector("[data-head]").setAttribute("x1", x);
    line.querySelector("[data-head]").setAttribute("x2", x);
    own.querySelector("[data-clock]").textContent = clock(at);
    let now = null;
    for (const one of own.querySelectorAll("[data-transcript] [data-from]")) {
      const on = Number(one.dataset.from) <= at && at < Number(one.dataset.to) + 0.2;
      if (on) now = one;
      else one.removeAttribute("aria-current");
    }
    if (now && now.getAttribute("aria-current") !== "true") {
      now.setAttribute("aria-current", "true");
      const list = now.closest("[data-transcript]");
      list.scrollTop = now.offsetTop - list.offsetTop - list.clientHeight / 2;
    }
  };
  if (player) {
    for (const event of ["timeupdate", "seeked", "loadedmetadata"]) player.addEventListener(event, follow);
    line.addEventListener("click", (event) => {
      const where = line.getBoundingClientRect();
      player.currentTime = (seconds * (event.clientX - where.left)) / where.width;
    });
    call("GET", path("/waveform")).then((wave) => draw(own, wave)).catch(() => {});
  }
  call("GET", path("/transcript")).then((said) => words(own, said)).catch(() => {});
}

// Boxes on a video: in the pixels of the frames as they were looked at, which are smaller than those of a large video.
function framed(own, player) {
  const boxes = own.querySelector(".boxes");
  const fit = () => {
    if (!player.videoWidth) return;
    const scale = Math.min(1, Number(boxes.dataset.longest) / Math.max(player.videoWidth, player.videoHeight));
    boxes.setAttribute("viewBox", `0 0 ${player.videoWidth * scale} ${player.videoHeight * scale}`);
    boxes.setAttribute("width", player.offsetWidth);
    boxes.setAttribute("height", player.offsetHeight);
  };
  const show = () => {
    const at = player.currentTime;
    for (const box of boxes.querySelectorAll("rect")) {
      box.toggleAttribute("hidden", at < Number(box.dataset.from) - 0.3 || at > Number(box.dataset.to) + 0.3);
    }
  };
  for (const event of ["loadedmetadata", "timeupdate", "seeked"]) {
    player.addEventListener(event, fit);
    player.addEventListener(event, show);
  }
  new ResizeObserver(fit).observe(player);
}

function draw(own, wave) {
  const width = 1000 / Math.max(1, wave.peaks.length);
  const parts = wave.peaks.map((peak, index) => {
    const half = 0.4 * Math.max(1, peak);
    return `M${(index * width).toFixed(1)} ${(42 - half).toFixed(1)}h${width.toFixed(2)}v${(2 * half).toFixed(1)}h-${width.toFixed(2)}z`;
  });
  own.querySelector("[data-wave]").setAttribute("d", parts.join(""));
}

export function words(own, said) {
  const list = own.querySelector("[data-transcript]");
  if (!said.lines.length) {
    const none = document.createElement("li");
    none.className = "soft";
    none.textContent = list.dataset.none;
    list.replaceChildren(none);
    return;
  }
  list.replaceChildren(
    ...said.lines.map((line) => {
      const entry = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.dataset.jump = line.start;
      button.dataset.from = line.start;
      button.dataset.to = line.end;
      const when = document.createElement("small");
      when.textContent = `${clock(line.start)} `;
      button.append(when, line.text);
      entry.append(button);
      return entry;
    }),
  );
}
