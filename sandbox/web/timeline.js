// The messages of a channel. The view follows new messages while it is at the end; otherwise a marker counts them.

import { el } from "./dom.js";
import { text } from "./texts.js";

const THINKING = 128, NEAR = 80; // pixels from the end that count as the end

export class Timeline {
  /** `view(message)` and `empty()` return elements. `unseen` is the button with the number of new messages below. */
  constructor({ list, unseen, view, empty }) {
    Object.assign(this, { list, unseen, view, empty });
    this.messages = new Map();
    this.below = new Set();
    this.atEnd = true;
    unseen.onclick = () => this.toEnd();
    list.addEventListener("scroll", () => this.look());
    list.addEventListener("load", () => this.settle(), true); // pictures make what is above them longer
    new ResizeObserver(() => this.settle()).observe(list);
  }

  fill(messages) {
    this.messages = new Map(messages.map((each) => [each.id, each]));
    this.list.replaceChildren(...messages.map(this.view));
    this.drawEmpty();
    this.toEnd();
  }

  redraw() {
    for (const message of this.messages.values()) this.replace(message);
    this.drawEmpty();
    this.drawUnseen();
    this.settle();
  }

  put(message) {
    const before = this.messages.get(message.id);
    const mine = this.atEnd;
    this.messages.set(message.id, message);
    if (before) this.replace(message);
    else this.list.append(this.view(message));
    this.drawEmpty();
    if (mine) return this.toEnd();
    if (!before || (before.flags & THINKING && this.isBelow(message.id))) this.below.add(message.id);
    return this.drawUnseen();
  }

  /** Replaces a message's view; playing songs continue, and the focus stays. */
  replace(message) {
    const old = this.element(message.id), fresh = this.view(message);
    if (!old) return;
    const focused = old.contains(document.activeElement) && document.activeElement.dataset.testid;
    for (const file of old.querySelectorAll("[data-file]")) fresh.querySelector(`[data-file="${file.dataset.file}"]`)?.replaceWith(file);
    old.replaceWith(fresh);
    if (focused) fresh.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus();
  }

  remove(id) {
    this.messages.delete(id);
    this.below.delete(id);
    this.element(id)?.remove();
    this.drawEmpty();
    this.drawUnseen();
  }

  /** Shows an error below a message; an empty sentence removes it. */
  complain(id, sentence) {
    const place = this.element(id);
    place?.querySelector(":scope > .fault")?.remove();
    if (place && sentence) place.append(el("div.fault", { role: "alert" }, sentence));
    this.settle();
  }

  element(id) {
    return this.list.querySelector(`[data-id="${id}"]`);
  }

  isBelow(id) {
    return this.element(id).getBoundingClientRect().bottom > this.list.getBoundingClientRect().bottom;
  }

  drawEmpty() {
    this.list.querySelector(".empty")?.remove();
    if (!this.messages.size) this.list.replaceChildren(this.empty());
  }

  drawUnseen() {
    const count = this.below.size;
    this.unseen.hidden = !count;
    this.unseen.textContent = count === 1 ? text("one") : text("many", { count });
  }

  look() {
    this.atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR;
    if (this.atEnd) this.below.clear();
    this.drawUnseen();
  }

  settle() {
    if (this.atEnd) this.toEnd();
  }

  toEnd() {
    this.atEnd = true;
    this.below.clear();
    this.list.scrollTop = this.list.scrollHeight;
    this.drawUnseen();
  }
}
