// The input line at the bottom: plain text, or a command whose options become pills.
// Enter submits what was typed; a suggestion is only accepted with the arrows, Tab or a click.

import { ATTACHMENT, choicesOf, commandOf, flatten, matching, nested, split, understand, withMentions } from "./commands.js";
import { el } from "./dom.js";
import { Popup } from "./popup.js";
import { localised, text } from "./texts.js";

const LONGEST = 2000; // characters of a message
const PATIENCE = 120; // milliseconds without a key press before the bot is asked for suggestions

export class Composer {
  /** `server`: say(content, files), run(command, options), complete(command, options), upload(file), offered(), world(). */
  constructor(root, server) {
    this.server = server;
    this.root = root;
    this.asking = 0; // number of the last request for suggestions
    this.input = root.querySelector("#text");
    this.popup = new Popup(root.querySelector("#popup"), this.input);
    this.pills = root.querySelector("#pills");
    this.problem = root.querySelector("#problem");
    this.fileList = root.querySelector("#files");
    this.reset();
    const picker = root.querySelector("#attach-input");
    root.addEventListener("submit", (event) => { event.preventDefault(); this.enter(); });
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("paste", (event) => this.addFiles(event.clipboardData.files));
    root.querySelector("#attach").addEventListener("click", () => picker.click());
    picker.addEventListener("change", () => { this.addFiles(picker.files); picker.value = ""; });
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
    this.dropList();
    this.draw();
  }

  /** `reason`: why nothing can be written here; empty: it can. */
  lock(reason) {
    this.root.classList.toggle("locked", Boolean(reason));
    for (const each of this.root.querySelectorAll("#text, #send, #attach")) each.disabled = Boolean(reason);
    if (reason) this.input.placeholder = reason;
  }

  /** Puts `/suno status id:abc` into the line. */
  fill(line) {
    this.reset();
    this.input.value = line;
    this.parse(false);
    this.draw();
    this.input.focus();
    if (this.chosen && this.current) this.offer();
  }

  commands() {
    return flatten(this.server.offered());
  }

  /** Recognises a command at the beginning of the line, and its options. */
  parse(typed) {
    const line = this.input.value;
    if (this.chosen || !line.startsWith("/")) return;
    const found = commandOf(line, this.commands(), typed);
    if (!found) return;
    this.choose(found);
    const { before, pairs } = split(line.slice(found.path.length + 1).trim(), found.options);
    const bad = pairs.filter(([option, value]) => !this.set(option, value)).at(-1);
    this.next();
    if (bad) [this.current, this.input.value] = bad;
    else this.input.value = before;
    this.draw();
  }

  choose(command) {
    this.chosen = command;
    this.values = {};
    this.input.value = "";
    this.next();
  }

  /** Handles a choice from the list. */
  pick(change) {
    change();
    this.complain("");
    this.input.focus();
    this.draw();
    this.offer();
  }

  next() {
    this.current = this.open().find((each) => each.required) ?? null;
    this.draw();
  }

  /** Options without a value. */
  open() {
    return this.chosen.options.filter((each) => !(each.name in this.values));
  }

  /** Sets the text as the option's value; if it is not valid, returns false and shows why. */
  set(option, typed) {
    const { fault, value, shown } = understand(option, typed.replace(/\s*\n\s*/g, " "), this.server.world());
    if (fault) this.complain(fault);
    else this.values[option.name] = { option, value, shown };
    return !fault;
  }

  typed() {
    this.complain("");
    this.grow();
    this.parse(true);
    if (this.chosen) this.nameOption();
    this.offer();
  }

  /** `show:` anywhere in the line begins that option. */
  nameOption() {
    const { before, pairs } = split(this.input.value, this.chosen.options);
    if (!pairs.length) return;
    if (this.current && before && !this.set(this.current, before)) return;
    const [option, rest] = pairs.pop();
    for (const [each, value] of pairs) if (!this.set(each, value)) return;
    delete this.values[option.name];
    this.current = option;
    this.input.value = rest;
    this.draw();
  }

  /** Shows suggestions for what can come next. */
  offer() {
    const line = this.input.value;
    if (!this.chosen) return line.startsWith("/") && !line.includes("\n") ? this.offerCommands(line.slice(1)) : this.offerNames();
    return this.current ? this.offerValues(line.trim()) : this.offerOptions(line.trim());
  }

  offerCommands(line) {
    const wanted = line.toLowerCase();
    const commands = this.commands();
    const found = commands.filter((each) => each.path.includes(wanted) || each.description.toLowerCase().includes(wanted));
    found.sort((a, b) => b.path.includes(wanted) - a.path.includes(wanted));
    const note = commands.length ? text("unknown", { name: `/${line}` }) : text("nocommands");
    this.popup.show(found.map((each) => ({ label: `/${each.path}`, note: each.description, testid: `command-${each.path}`, pick: () => this.pick(() => this.choose(each)) })), { selected: 0, note: found.length ? "" : note });
  }

  /** After `@` or `#` in a text: suggestions for mentions. */
  offerNames() {
    const before = this.input.value.slice(0, this.input.selectionStart);
    const [, mark, wanted] = /(?:^|\s)([@#])([^\s@#]*)$/.exec(before) ?? [];
    if (!mark) return this.popup.close();
    const { users, roles, channels } = this.server.world();
    const names = (mark === "#" ? channels : [...users, ...roles]).map((each) => `${mark}${each.name.replace(/^@/, "")}`);
    const found = names.filter((each) => each.slice(1).toLowerCase().startsWith(wanted.toLowerCase()));
    const put = (name) => {
      const start = before.length - wanted.length - 1;
      this.input.setRangeText(`${name} `, start, before.length, "end");
      this.popup.close();
      this.input.focus();
    };
    this.popup.show(found.map((each) => ({ label: each, testid: "choice", pick: () => put(each) })));
  }

  offerOptions(line) {
    const open = this.open().filter((each) => each.name.startsWith(line.toLowerCase()));
    const entries = open.map((each) => ({ label: each.name, note: localised(each, "description"), testid: `option-${each.name}`, pick: () => this.pick(() => this.begin(each)) }));
    if (!line && !entries.length) return this.popup.close();
    return this.popup.show(entries, { head: entries.length ? text("optional") : "", note: entries.length ? "" : text("nooption", { name: line }) });
  }

  begin(option) {
    delete this.values[option.name];
    this.current = option;
    this.input.value = "";
  }

  offerValues(line) {
    const option = this.current;
    const head = localised(option, "description");
    clearTimeout(this.timer);
    if (option.autocomplete) {
      this.timer = setTimeout(() => this.offerSuggestions(option, line, head), PATIENCE);
      if (!this.popup.open || this.popup.entries.some((each) => each.testid !== "choice")) this.popup.show([], { head, note: text("searching") });
      return;
    }
    if (option.type === ATTACHMENT) {
      const pick = () => this.root.querySelector("#attach-input").click();
      this.popup.show([{ label: text("choosefile"), testid: "choose-file", pick }], { head });
      return;
    }
    const choices = choicesOf(option, this.server.world());
    if (choices) this.offerChoices(option, matching(choices, line), head);
    else this.popup.show([], { head });
  }

  async offerSuggestions(option, line, head) {
    const number = ++this.asking;
    const asked = () => number === this.asking && this.current === option && this.input.value.trim() === line;
    if (!asked()) return;
    const choices = await this.server.complete(this.chosen, this.sent({ name: option.name, type: option.type, value: line, focused: true }));
    if (!asked()) return;
    if (choices) this.offerChoices(option, choices.map((each) => ({ name: localised(each, "name"), value: each.value })), head);
    else this.popup.show([], { head, note: text("nochoices") });
  }

  offerChoices(option, choices, head) {
    const pick = ({ name, value }) => this.pick(() => {
      this.values[option.name] = { option, value, shown: name };
      this.input.value = "";
      this.next();
    });
    this.popup.show(choices.map((each) => ({ label: each.name, testid: "choice", pick: () => pick(each) })), { head, note: choices.length ? "" : text("nomatch") });
  }

  key(event) {
    if (event.isComposing || event.keyCode === 229) return; // an input method is active: Enter is meant for it
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const handled = () => event.preventDefault();
    if (step && this.popup.entries.length) {
      handled();
      this.popup.move(step);
    } else if (event.key === "Tab" && !event.shiftKey && this.popup.entries.length) {
      handled();
      (this.popup.picked ?? this.popup.entries[0]).pick();
    } else if (event.key === "Enter" && (!event.shiftKey || this.chosen)) {
      handled();
      this.enter();
    } else if (event.key === "Escape") {
      if (this.popup.open) this.dropList();
      else if (this.chosen || this.input.value.startsWith("/")) this.reset();
    } else if (event.key === "Backspace" && !this.input.value && this.chosen) {
      handled();
      this.back();
    }
  }

  /** Closes the list, and ignores one that is still being fetched. */
  dropList() {
    clearTimeout(this.timer);
    this.asking += 1;
    this.popup.close();
  }

  /** Removes the last pill. */
  back() {
    const last = Object.keys(this.values).at(-1);
    if (this.current && !this.current.required) this.next();
    else if (last) this.remove(last);
    else this.reset();
    this.offer();
  }

  remove(name) {
    delete this.values[name];
    this.next();
  }

  enter() {
    if (!this.chosen && this.input.value.startsWith("/")) {
      const exact = commandOf(this.input.value, this.commands(), false);
      if (exact) this.parse(false);
    } else if (this.popup.picked) return this.popup.picked.pick();
    if (!this.chosen && this.popup.picked) return this.popup.picked.pick();
    return this.chosen ? this.run() : this.say();
  }

  async say() {
    const content = this.input.value.trim();
    if (content.startsWith("/")) return this.complain(text("unknown", { name: content.split(/\s/)[0] }));
    const { files } = this;
    if (!content && !files.length) return;
    const written = withMentions(content, this.server.world());
    if ([...written].length > LONGEST) return this.complain(text("toolong", { length: [...written].length, most: LONGEST }));
    this.reset();
    const stored = await this.uploaded(files);
    const fault = stored && (await this.server.say(written, stored.map((each) => each.id)));
    if (stored && !fault) return;
    if (!this.input.value) Object.assign(this.input, { value: content });
    this.files = files;
    this.draw();
    if (fault) this.complain(fault);
  }

  /** The files as the server knows them, or null when one of them was refused. */
  async uploaded(files) {
    try {
      return await Promise.all(files.map((each) => this.server.upload(each)));
    } catch (error) {
      this.complain(error.message);
      return null;
    }
  }

  async run() {
    const typed = this.input.value.trim();
    const { options } = this.chosen;
    if (this.current && typed && !this.set(this.current, typed)) return;
    if (!this.current && typed) return this.complain(text("nooption", { name: typed }));
    if (this.files.length && !(await this.attach(options.filter((each) => each.type === ATTACHMENT)))) return;
    this.input.value = "";
    const missing = options.find((each) => each.required && !(each.name in this.values));
    this.next();
    if (missing) {
      this.offer();
      return this.complain(text("required", { option: missing.name }));
    }
    const { chosen, values } = this, sent = this.sent();
    this.reset();
    const fault = await this.server.run(chosen, sent);
    if (!fault) return;
    if (!this.chosen && !this.input.value) Object.assign(this, { chosen, values });
    this.draw();
    this.complain(fault);
  }

  /** Puts the files into the options that take them. */
  async attach(options) {
    const open = options.filter((each) => !(each.name in this.values));
    if (this.files.length > open.length) {
      this.complain(text(options.length ? "toomanyfiles" : "nofiles", { most: options.length }));
      return false;
    }
    const stored = await this.uploaded(this.files);
    stored?.forEach((each, index) => { this.values[open[index].name] = { option: open[index], value: each.id, shown: each.filename }; });
    if (stored) this.files = [];
    return Boolean(stored);
  }

  sent(focused) {
    let options = Object.values(this.values).map(({ option, value }) => ({ name: option.name, type: option.type, value }));
    if (focused) options = [...options.filter((each) => each.name !== focused.name), focused];
    return nested(this.chosen.names, options);
  }

  draw() {
    const pills = [];
    const remove = (label, act) => el("button", { type: "button", "aria-label": text("remove", { name: label }), onclick: () => { act(); this.offer(); this.draw(); this.input.focus(); } }, "×");
    if (this.chosen) pills.push(el("span.pill.command", {}, el("b", {}, `/${this.chosen.path}`), remove(`/${this.chosen.path}`, () => this.reset())));
    for (const { option, shown } of Object.values(this.values)) pills.push(el("span.pill", {}, el("b", {}, option.name), el("span", {}, String(shown)), remove(option.name, () => this.remove(option.name))));
    if (this.current) pills.push(el("span.pill.current", {}, el("b", {}, this.current.name)));
    this.pills.replaceChildren(...pills);
    const more = this.chosen ? this.open().filter((each) => each !== this.current && !each.required) : [];
    if (more.length) this.pills.after(this.moreButton(more.length));
    else this.root.querySelector("#more")?.remove();
    this.fileList.replaceChildren(...this.files.map((each) => el("span.pill", {}, el("b", {}, text("file")), el("span", {}, each.name), remove(each.name, () => { this.files = this.files.filter((other) => other !== each); }))));
    this.grow();
  }

  /** `+3`: the remaining optional options, also while another one is being typed. */
  moreButton(count) {
    this.root.querySelector("#more")?.remove();
    const show = () => {
      const typed = this.input.value.trim();
      if (this.current && typed && !this.set(this.current, typed)) return;
      this.input.value = "";
      if (!this.current || typed || !this.current.required) this.next();
      if (this.current) return this.complain(text("required", { option: this.current.name }));
      this.offerOptions("");
      this.input.focus();
    };
    return el("button", { type: "button", id: "more", "data-testid": "more", title: text("optional"), onclick: show }, text("more", { count }));
  }

  grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 160)}px`;
  }

  addFiles(files) {
    if (!files.length) return;
    this.files.push(...files);
    this.complain("");
    this.popup.close();
    this.draw();
    this.input.focus();
  }

  complain(sentence) {
    this.problem.textContent = sentence;
    this.problem.hidden = !sentence;
  }
}
