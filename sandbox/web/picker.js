// A select: the chosen values, and below them the list, which covers nothing.

import { el } from "./dom.js";
import { text } from "./texts.js";

const SEARCHED = 8; // with at least this many options there is a search field

/** The options of a select, as `{value, label, note, chosen}`. `world` has the users, roles and channels. */
export function optionsOf(data, world) {
  const users = world.users.map((each) => ({ value: each.id, label: `@${each.name}` }));
  const roles = world.roles.map((each) => ({ value: each.id, label: `@${each.name.replace(/^@/, "")}` }));
  const channels = world.channels.filter((each) => !data.channel_types?.length || data.channel_types.includes(each.type));
  const given = (data.options ?? []).map((each) => ({
    value: each.value, label: [each.emoji?.name, each.label].filter(Boolean).join(" "), note: each.description, chosen: each.default,
  }));
  const options = { 3: given, 5: users, 6: roles, 7: [...users, ...roles], 8: channels.map((each) => ({ value: each.id, label: `#${each.name}` })), 21: given, 22: given }[data.type] ?? [];
  const defaults = new Set((data.default_values ?? []).map((each) => String(each.id)));
  return options.map((each) => ({ ...each, chosen: each.chosen || defaults.has(each.value) }));
}

/** `done(values)` is called after a choice, when the list closes; if it returns false, the choice is undone. */
export class Picker {
  constructor(data, world, done = async () => true) {
    this.options = optionsOf(data, world);
    this.least = data.min_values ?? 1;
    this.most = data.max_values ?? 1;
    this.placeholder = data.placeholder || text("pick");
    this.done = done;
    this.values = this.options.filter((each) => each.chosen).map((each) => each.value);
    this.shown = el("span.shown");
    this.button = el("button.picked", {
      type: "button", disabled: data.disabled, "aria-haspopup": "listbox", "aria-expanded": "false", "data-testid": `select-${data.custom_id}`, onclick: () => this.toggle(),
    }, this.shown, el("span", { "aria-hidden": "true" }, "▾"));
    this.list = el("div.choices", { hidden: true });
    this.element = el("div.picker", {}, this.button, this.list);
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.draw();
  }

  draw() {
    const names = this.options.filter((each) => this.values.includes(each.value)).map((each) => each.label);
    this.shown.textContent = names.join(", ") || this.placeholder;
    this.shown.classList.toggle("none", !names.length);
    this.button.setAttribute("aria-label", names.length ? `${this.placeholder}: ${names.join(", ")}` : this.placeholder);
  }

  toggle() {
    if (this.list.hidden) this.open();
    else this.close();
  }

  open() {
    this.before = [...this.values];
    const search = this.options.length > SEARCHED && el("input", { type: "search", placeholder: text("search"), "aria-label": text("search"), oninput: ({ target }) => this.drawList(target.value) });
    this.box = el("div", { role: "listbox", "aria-multiselectable": String(this.most > 1) });
    const done = this.most > 1 && el("button.ready", { type: "button", onclick: () => this.close() }, text("ready"));
    this.list.replaceChildren(...[search, this.box, done].filter(Boolean));
    this.drawList("");
    this.list.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.list.scrollIntoView({ block: "nearest" });
    (search || this.box.querySelector('[aria-selected="true"]') || this.box.firstElementChild)?.focus();
    this.outside = (event) => this.element.contains(event.target) || this.close();
    document.addEventListener("pointerdown", this.outside);
  }

  drawList(wanted) {
    const found = this.options.filter((each) => each.label.toLowerCase().includes(wanted.toLowerCase()));
    this.box.replaceChildren(...found.map((each) => {
      const chosen = this.values.includes(each.value);
      const full = this.most > 1 && !chosen && this.values.length >= this.most;
      const mark = el("span.mark", { "aria-hidden": "true" }, chosen ? "✓" : "");
      return el("button", { type: "button", role: "option", "aria-selected": String(chosen), disabled: full, "data-value": each.value, onclick: () => this.choose(each.value) },
        mark, el("span", {}, each.label), each.note && el("small", {}, each.note));
    }));
    if (!found.length) this.box.replaceChildren(el("p", {}, text(this.options.length ? "nomatch" : "nothing")));
  }

  choose(value) {
    const has = this.values.includes(value);
    if (this.most === 1) {
      this.values = has && this.least === 0 ? [] : [value];
      return this.close();
    }
    this.values = has ? this.values.filter((each) => each !== value) : [...this.values, value];
    this.drawList(this.list.querySelector("input")?.value ?? "");
    this.box.querySelector(`[data-value="${value}"]`)?.focus();
    return this.draw();
  }

  async close() {
    document.removeEventListener("pointerdown", this.outside);
    const inside = this.list.contains(document.activeElement);
    this.list.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (inside) this.button.focus();
    const changed = String([...this.values].sort()) !== String([...this.before].sort());
    const { before } = this;
    if (this.values.length < this.least) this.values = before;
    else if (changed && (await this.done(this.values)) === false) this.values = before;
    this.draw();
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (step && this.list.hidden) {
      event.preventDefault();
      if (!this.button.disabled) this.open();
    } else if (step) {
      event.preventDefault();
      const all = [...this.box.querySelectorAll("button:enabled")];
      all[(all.indexOf(document.activeElement) + step + all.length) % all.length]?.focus();
    }
  }
}
