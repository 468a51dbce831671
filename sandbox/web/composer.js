// The line at the bottom: plain text, or a command whose options become pills one after the other.

import { el } from "./dom.js";
import { localised, text } from "./texts.js";

const SUB_COMMAND = 1, GROUP = 2, INTEGER = 4, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8, MENTIONABLE = 9, ATTACHMENT = 11;

/** Every command that can be typed, its subcommands flattened: `{path, names, command, options, description}`. */
export function flatten(commands) {
  const found = [];
  const walk = (command, node, names) => {
    const inner = (node.options ?? []).filter((each) => each.type === SUB_COMMAND || each.type === GROUP);
    if (inner.length) inner.forEach((each) => walk(command, each, [...names, each.name]));
    else found.push({ path: names.join(" "), names, command, options: node.options ?? [], description: localised(node, "description") });
  };
  commands.filter((each) => each.type === 1).forEach((each) => walk(each, each, [each.name]));
  return found;
}

export class Composer {
  /** `server`: say(content, files), run(command, options), complete(command, options), upload(file), world(). */
  constructor(root, server) {
    this.server = server;
    this.input = root.querySelector("#text");
    this.popup = root.querySelector("#popup");
    this.pills = root.querySelector("#pills");
    this.problem = root.querySelector("#problem");
    this.fileList = root.querySelector("#files");
    this.files = [];
    this.reset();
    root.addEventListener("submit", (event) => { event.preventDefault(); this.enter(); });
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("paste", (event) => this.addFiles(event.clipboardData.files));
    root.querySelector("#attach input").addEventListener("change", (event) => this.addFiles(event.target.files));
    root.addEventListener("dragover", (event) => event.preventDefault());
    root.addEventListener("drop", (event) => { event.preventDefault(); this.addFiles(event.dataTransfer.files); });
  }

  reset() {
    this.chosen = null;
    this.values = {};
    this.current = null;
    this.files = [];
    this.input.value = "";
    this.complain("");
    this.close();
    this.draw();
  }

  /** Puts `/suno status id:abc` into the line. */
  fill(line) {
    this.reset();
    this.input.value = line;
    this.input.focus();
    this.parse();
    this.typed();
  }

  commands() {
    return flatten(this.server.offered());
  }

  /** Recognises a command at the beginning of what was typed or pasted, and the options behind it. */
  parse() {
    const line = this.input.value;
    if (this.chosen || !line.startsWith("/")) return;
    const typed = this.commands().filter((each) => `${line} `.startsWith(`/${each.path} `)).sort((a, b) => b.path.length - a.path.length)[0];
    if (!typed) return;
    this.choose(typed);
    const names = typed.options.map((each) => each.name).join("|");
    const rest = line.slice(typed.path.length + 1).trim();
    const parts = names ? rest.split(new RegExp(`(?:^|\\s)(${names}):`)) : [rest];
    for (let index = 1; index < parts.length; index += 2) this.set(typed.options.find((each) => each.name === parts[index]), parts[index + 1].trim());
    this.input.value = parts[0].trim();
    this.next();
  }

  choose(command) {
    this.chosen = command;
    this.values = {};
    this.input.value = "";
    this.next();
  }

  next() {
    this.current = this.chosen.options.find((each) => each.required && !(each.name in this.values)) ?? null;
    this.draw();
  }

  set(option, value, shown = value) {
    if (option && value !== "") this.values[option.name] = { option, value: this.convert(option, value), shown };
  }

  async typed() {
    this.complain("");
    this.parse();
    const line = this.input.value;
    if (!this.chosen) {
      if (!line.startsWith("/")) return this.close();
      const wanted = line.slice(1).toLowerCase();
      const found = this.commands().filter((each) => each.path.includes(wanted) || each.description.toLowerCase().includes(wanted));
      return this.offer(found.map((each) => ({ label: `/${each.path}`, note: each.description, testid: `command-${each.path}`, pick: () => { this.choose(each); this.typed(); } })));
    }
    return this.current ? this.offerValues(line) : this.offerOptions(line);
  }

  offerOptions(line) {
    const open = this.chosen.options.filter((each) => !(each.name in this.values) && each.name.startsWith(line));
    this.offer(open.map((each) => ({ label: each.name, note: localised(each, "description"), testid: `option-${each.name}`, pick: () => { this.current = each; this.input.value = ""; this.draw(); this.typed(); } })), true);
  }

  async offerValues(line) {
    const option = this.current;
    const head = localised(option, "description");
    if (option.autocomplete) {
      clearTimeout(this.timer);
      this.timer = setTimeout(async () => {
        if (this.current !== option) return;
        const choices = await this.server.complete(this.chosen, this.sent({ name: option.name, type: option.type, value: line, focused: true }));
        if (this.current === option && this.input.value === line) this.offerChoices(option, choices, head);
      }, 120);
      if (this.popup.hidden) this.offer([], false, head, text("searching"));
      return;
    }
    const booleans = option.type === BOOLEAN ? [{ id: true, name: "True" }, { id: false, name: "False" }] : undefined;
    const choices = option.choices ?? (booleans ?? this.references(option))?.map((each) => ({ name: each.name ?? each.username, value: each.id }));
    if (!choices) return this.offer([], false, head);
    this.offerChoices(option, choices.filter((each) => localised(each, "name").toLowerCase().includes(line.toLowerCase())), head);
  }

  offerChoices(option, choices, head) {
    const pick = (choice) => { this.set(option, choice.value, localised(choice, "name")); this.input.value = ""; this.next(); this.close(); this.input.focus(); };
    this.offer(choices.map((each) => ({ label: localised(each, "name"), testid: "choice", pick: () => pick(each) })), false, head, choices.length ? "" : text("nomatch"));
  }

  offer(entries, quiet = false, head = "", note = "") {
    this.entries = entries;
    this.selected = quiet ? -1 : 0;
    const buttons = entries.map((each, index) => {
      const button = el("button", { type: "button", role: "option", "data-testid": each.testid }, each.label, each.note && el("small", {}, each.note));
      button.onmousedown = (event) => { event.preventDefault(); this.entries[index].pick(); };
      return button;
    });
    this.popup.replaceChildren(...[head && el("p", {}, head), ...buttons, note && el("p", {}, note)].filter(Boolean));
    this.popup.hidden = !this.popup.childNodes.length;
    this.mark();
  }

  mark() {
    const buttons = this.popup.querySelectorAll("button");
    buttons.forEach((each, index) => each.setAttribute("aria-selected", String(index === this.selected)));
    buttons[this.selected]?.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.entries = [];
    this.selected = -1;
    this.popup.hidden = true;
  }

  key(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves && this.entries.length) {
      event.preventDefault();
      this.selected = (this.selected + moves[event.key] + this.entries.length) % this.entries.length;
      this.mark();
    } else if (event.key === "Tab" && this.entries.length) {
      event.preventDefault();
      this.entries[Math.max(0, this.selected)].pick();
    } else if (event.key === "Escape") {
      if (this.popup.hidden) this.reset();
      else this.close();
    } else if (event.key === "Backspace" && !this.input.value && this.chosen) {
      const last = this.current && !(this.current.name in this.values) && Object.keys(this.values).length ? this.current.name : Object.keys(this.values).at(-1);
      if (last && last in this.values) { delete this.values[last]; this.next(); } else this.reset();
      this.typed();
    }
  }

  enter() {
    const picking = this.selected >= 0 && this.entries[this.selected];
    if (picking && (!this.chosen || (this.current && (this.input.value || this.current.required)))) return picking.pick();
    return this.chosen ? this.run() : this.say();
  }

  async say() {
    const content = this.input.value.trim();
    if (content.startsWith("/")) return this.complain(text("unknown", { name: content.split(" ")[0] }));
    if (!content && !this.files.length) return;
    const files = this.files;
    this.reset();
    const stored = await Promise.all(files.map((each) => this.server.upload(each)));
    this.server.say(content, stored.map((each) => each.id));
  }

  async run() {
    if (this.current && this.input.value.trim()) this.set(this.current, this.input.value.trim());
    for (const option of this.chosen.options) {
      if (option.type === ATTACHMENT && this.files.length && !(option.name in this.values)) {
        const stored = await this.server.upload(this.files.shift());
        this.set(option, stored.id, stored.filename);
      }
    }
    const missing = this.chosen.options.find((each) => each.required && !(each.name in this.values));
    if (missing) return this.complain(text("required", { option: missing.name }));
    const command = this.chosen, sent = this.sent();
    this.reset();
    this.server.run(command, sent);
  }

  convert(option, value) {
    if (option.type === INTEGER) return Number.parseInt(value, 10);
    if (option.type === BOOLEAN) return value === true || /^true$/i.test(value);
    const named = this.references(option)?.find((each) => (each.name ?? each.username) === value);
    return named ? named.id : value;
  }

  /** What an option of its type may name: channels, people, roles; undefined for any other. */
  references(option) {
    const { channels, users, roles } = this.server.world();
    const postable = channels.filter((each) => !option.channel_types || option.channel_types.includes(each.type));
    return { [CHANNEL]: postable, [USER]: users, [ROLE]: roles, [MENTIONABLE]: [...users, ...roles] }[option.type];
  }

  /** The options in Discord's nested shape. */
  sent(focused) {
    let options = Object.values(this.values).map(({ option, value }) => ({ name: option.name, type: option.type, value }));
    if (focused) options = [...options.filter((each) => each.name !== focused.name), focused];
    for (const name of this.chosen.names.slice(1).reverse()) options = [{ type: SUB_COMMAND, name, options }];
    return options;
  }

  draw() {
    const pills = [];
    if (this.chosen) pills.push(el("span.pill.command", {}, el("b", {}, `/${this.chosen.path}`)));
    for (const { option, shown } of Object.values(this.values)) pills.push(el("span.pill", {}, el("b", {}, option.name), el("span", {}, String(shown))));
    if (this.current && !(this.current.name in this.values)) pills.push(el("span.pill", {}, el("b", {}, this.current.name)));
    this.pills.replaceChildren(...pills);
    this.fileList.replaceChildren(...this.files.map((each) => el("span.pill", {}, el("b", {}, "📎"), el("span", {}, each.name))));
  }

  addFiles(files) {
    this.files.push(...files);
    this.draw();
  }

  complain(sentence) {
    this.problem.textContent = sentence;
    this.problem.hidden = !sentence;
  }
}
