// The guide: a panel at the side, or a drawer on narrow screens, and the first steps in an empty channel.

import { el } from "./dom.js";
import { language, text } from "./texts.js";

const say = (each) => each[language() === "zh" ? "zh-CN" : "en"];

/** `attempt(step, run)` puts a step's command into the line, and runs it if `run` is true. */
export function drawGuide(guide, attempt) {
  const panel = document.getElementById("guide"), opener = document.getElementById("guide-open");
  const steps = guide?.groups.some((group) => group.steps.length);
  document.body.classList.toggle("no-guide", !steps);
  panel.hidden = opener.hidden = !steps;
  if (!steps) return;
  opener.textContent = say(guide.title);
  panel.setAttribute("aria-label", say(guide.title));
  const button = (step) => el("button.step", { type: "button", onclick: () => { show(false); attempt(step, false); } }, say(step.text));
  const close = el("button", { type: "button", id: "guide-close", "aria-label": text("close"), onclick: () => show(false) }, "×");
  panel.replaceChildren(el("header", {}, el("h2", {}, say(guide.title)), close), el("p", {}, text("guide")),
    ...guide.groups.flatMap((group) => [el("h3", {}, say(group.title)), ...group.steps.map(button)]));
}

export function show(open) {
  document.body.classList.toggle("guided", open);
  document.getElementById("guide-open").setAttribute("aria-expanded", String(open));
  if (open) document.querySelector("#guide-close").focus();
}

/** The contents of an empty channel: the first steps. */
export function welcome(guide, attempt) {
  const first = guide?.groups[0]?.steps ?? [];
  if (!first.length) return el("li.empty", {}, text("empty"));
  const button = (step, index) => el("button", { type: "button", "data-testid": `begin-${index}`, onclick: () => attempt(step, true) }, el("b", {}, `${index + 1}`), el("span", {}, say(step.text)));
  return el("li.empty", {}, el("h2", {}, text("welcome")), el("p", {}, text("begin")), el("div.begin", {}, first.map(button)), el("p", {}, text("empty")));
}
