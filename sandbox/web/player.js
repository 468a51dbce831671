// Files in a message: players, pictures, texts, and cards for other files.

import { el, ownUrl } from "./dom.js";
import { text } from "./texts.js";

const SPOILER = 1 << 3;

export function file(attachment) {
  const type = attachment.content_type ?? "";
  if (type.startsWith("image/")) return el("img.attachment-image", { src: ownUrl(attachment.url), alt: attachment.description ?? "" });
  const name = el("div.name", {},
    el("a", { href: ownUrl(attachment.url), download: attachment.filename, target: "_blank" }, shown(attachment)),
    el("span.size", {}, size(attachment.size)));
  // A player that plays goes on when its message changes, unless it is to be covered or uncovered.
  const card = el("div.file", { "data-testid": "file", "data-file": `${attachment.id}-${attachment.flags & SPOILER}` }, name);
  if (type.startsWith("audio/")) card.append(attachment.flags & SPOILER ? covered(player(attachment)) : player(attachment));
  if (type.startsWith("text/")) card.append(reader(attachment));
  return card;
}

function covered(content) {
  return el("details", { "data-testid": "covered" }, el("summary", {}, text("spoiler")), content);
}

function shown({ title, filename }) {
  return title ? `${title}.${filename.split(".").pop()}` : filename;
}

export function size(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function player(attachment) {
  const audio = el("audio", { src: ownUrl(attachment.url), preload: "metadata", "data-testid": "audio" });
  const button = el("button", { type: "button", "aria-label": text("play", { name: shown(attachment) }) }, "▶");
  const place = el("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": text("position") });
  const clock = el("output", {}, "0:00");
  button.onclick = () => (audio.paused ? audio.play() : audio.pause());
  place.oninput = () => { audio.currentTime = (place.value / 1000) * (audio.duration || 0); };
  const show = () => {
    button.textContent = audio.paused ? "▶" : "❚❚";
    button.setAttribute("aria-label", text(audio.paused ? "play" : "pause", { name: attachment.filename }));
    if (Number.isFinite(audio.duration)) place.value = Math.round((audio.currentTime / audio.duration) * 1000);
    clock.textContent = `${minutes(audio.currentTime)} / ${minutes(audio.duration)}`;
  };
  for (const event of ["play", "pause", "timeupdate", "loadedmetadata", "ended"]) audio.addEventListener(event, show);
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
  });
  return el("div.player", {}, button, place, clock, audio);
}

function minutes(seconds) {
  if (!Number.isFinite(seconds)) return "–:––";
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}

function reader(attachment) {
  const button = el("button", { type: "button" }, text("show"));
  button.onclick = async () => {
    try {
      const answer = await fetch(ownUrl(attachment.url));
      button.replaceWith(el("pre", {}, (await answer.text()).replace(/^\uFEFF/, "")));
    } catch {
      button.after(el("p.fault", { role: "alert" }, text("unreadable")));
    }
  };
  return button;
}
