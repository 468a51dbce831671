// The list of suggestions above the input line. It covers nothing.

import { el } from "./dom.js";

export class Popup {
  constructor(element, input) {
    this.element = element;
    this.input = input;
    this.close();
  }

  get open() {
    return !this.element.hidden;
  }

  /** `entries`: `{label, note, testid, pick}`; the one at `selected` is marked, none at -1. */
  show(entries, { selected = -1, head = "", note = "" } = {}) {
    this.entries = entries;
    this.selected = Math.min(selected, entries.length - 1);
    const buttons = entries.map((each, index) => {
      const small = each.note && el("small", {}, each.note);
      const button = el("button", { type: "button", role: "option", id: `entry-${index}`, tabIndex: -1, "data-testid": each.testid }, el("span", {}, each.label), small);
      button.onmousedown = (event) => event.preventDefault();
      button.onclick = () => each.pick();
      return button;
    });
    this.element.replaceChildren(...[head && el("p", {}, head), ...buttons, note && el("p", { role: "status" }, note)].filter(Boolean));
    this.element.hidden = !this.element.childNodes.length;
    this.mark();
  }

  close() {
    this.show([]);
  }

  move(step) {
    const count = this.entries.length;
    this.selected = this.selected < 0 && step < 0 ? count - 1 : (this.selected + step + count) % count;
    this.mark();
  }

  mark() {
    const buttons = this.element.querySelectorAll("button");
    buttons.forEach((each, index) => each.setAttribute("aria-selected", String(index === this.selected)));
    buttons[this.selected]?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-expanded", String(this.open));
    if (this.selected >= 0) this.input.setAttribute("aria-activedescendant", `entry-${this.selected}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  /** The entry that is marked, if any. */
  get picked() {
    return this.entries[this.selected];
  }
}
