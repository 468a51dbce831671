// The page: channels, messages and the composer, acting as one person at a time.

import { Composer } from "./composer.js";
import { el } from "./dom.js";
import { drawGuide, show, welcome } from "./guide.js";
import { Timeline } from "./timeline.js";
import { render } from "./message.js";
import { ask } from "./modal.js";
import { size } from "./player.js";
import { Connection } from "./socket.js";
import { failure, state, text } from "./texts.js";

const DM = 1, GROUP_DM = 3, NEWS = 5, THREAD = 11, FORUM = 15, SEND_MESSAGES = 1n << 11n, SEND_IN_THREADS = 1n << 38n;

const $ = (id) => document.getElementById(id);
const unread = new Set();
const starting = new Set(); // waits for a new start
let hello, channel, guide;

const connection = new Connection(new URLSearchParams(location.search).get("as"), receive, () => drawEnded(true));
const server = (op, fields) => connection.ask(op, { channel_id: channel?.id, ...fields });

function receive({ t, d }) {
  const handlers = {
    HELLO: start,
    COMMANDS: ({ commands }) => { hello.commands = commands; timeline.redraw(); composer.offer(); },
    MESSAGE_CREATE: arrive, MESSAGE_UPDATE: arrive,
    THREAD_CREATE: (thread) => {
      const guild = hello.guilds.find((each) => each.id === thread.guild_id);
      if (!guild || guild.channels.some((each) => each.id === thread.id)) return;
      guild.channels.push(thread);
      drawChannels();
      if (thread.parent_id === channel.id) open(channel);
    },
    MESSAGE_DELETE: (message) => timeline.remove(message.id),
    PRESENCE: ({ online }) => { hello.online = online; drawPresence(); },
  };
  handlers[t]?.(d);
}

async function start(data) {
  if (data.me.id !== hello?.me.id) unread.clear();
  hello = data;
  connection.person = data.me.id;
  state.locale = data.locale;
  drawEnded(false);
  const channels = allChannels();
  const wanted = channels.find((each) => each.id === channel?.id) ?? channels[0];
  draw(wanted);
  await open(wanted);
  for (const resolve of starting) resolve();
  starting.clear();
}

function drawEnded(ended) {
  $("ended").hidden = !ended;
  $("ended").textContent = text("ended");
  if (ended && hello) {
    hello.online = false;
    drawPresence();
  }
}

/** The channels of the server, with threads below their parents, then DMs. */
function allChannels() {
  return [...hello.guilds.flatMap(channelsOf), ...hello.dms];
}

function channelsOf(guild) {
  const threads = (parent) => guild.channels.filter((each) => each.parent_id === parent.id && each.type === THREAD);
  return guild.channels.filter((each) => each.type !== THREAD).flatMap((each) => [each, ...threads(each)]);
}

function title(each) {
  if (each.type === DM) return "Suno";
  return each.name ?? (each.type === GROUP_DM ? text("group") : each.id);
}

function mark(each) {
  return { [DM]: "♫", [GROUP_DM]: "⁂", [NEWS]: "※", [FORUM]: "▤", [THREAD]: "↳" }[each.type] ?? "#";
}

function draw(wanted = channel) {
  channel = wanted;
  document.documentElement.lang = state.locale;
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = text(each.dataset.text);
  for (const each of document.querySelectorAll("[data-label]")) {
    each.setAttribute("aria-label", text(each.dataset.label));
    if (each.matches("button")) each.title = text(each.dataset.label);
  }
  $("guild-name").textContent = hello.guilds[0]?.name ?? "";
  drawSwitches();
  drawChannels();
  drawPresence();
  drawGuide(guide, attempt);
  composer.draw();
}

function drawSwitches() {
  const names = { "en-US": "English", "zh-CN": "简体中文", "zh-TW": "繁體中文" };
  const nameOf = (tag) => names[tag] ?? new Intl.DisplayNames([tag], { type: "language" }).of(tag);
  $("person-switch").replaceChildren(...hello.people.map((each) => el("option", { value: each.id, selected: each.id === hello.me.id }, each.global_name)));
  $("locale-switch").replaceChildren(...hello.locales.map((each) => el("option", { value: each, selected: each === state.locale }, nameOf(each))));
}

function drawChannels() {
  const button = (each) => {
    const element = el("button", { type: "button", "data-testid": `channel-${title(each)}`, onclick: () => open(each) }, el("span", { "aria-hidden": "true" }, mark(each)), el("span.name", {}, title(each)));
    if (each.id === channel.id) element.setAttribute("aria-current", "page");
    if (each.type === THREAD) element.classList.add("thread");
    if (unread.has(each.id)) element.classList.add("unread");
    return element;
  };
  $("channels").replaceChildren(
    el("h2", {}, text("channels")), ...hello.guilds.flatMap(channelsOf).map(button),
    el("h2", {}, text("dms")), ...hello.dms.map(button));
  $("fold").classList.toggle("unread", unread.size > 0);
  drawHeader();
}

function drawHeader() {
  const parent = allChannels().find((each) => each.id === channel.parent_id);
  const hints = { [DM]: () => text("indm"), [NEWS]: () => text("innews"), [FORUM]: () => text("inforum"), [THREAD]: () => text(parent?.type === FORUM ? "inpost" : "inthread", { channel: parent?.name ?? "" }) };
  $("channel-name").textContent = `${mark(channel)} ${title(channel)}`;
  $("channel-hint").textContent = channel.topic ?? hints[channel.type]?.() ?? "";
  $("channel-hint").title = $("channel-hint").textContent;
  document.title = `${title(channel)} · suno-watch demo`;
  $("text").placeholder = text("write", { channel: channel.guild_id ? `#${title(channel)}` : title(channel) });
  $("text").setAttribute("aria-label", $("text").placeholder);
  composer.lock(channel.type === FORUM ? text("forum") : maySend() ? "" : text("mayread"));
}

function maySend(where = channel) {
  if (where.type === FORUM) return false; // posts are made there by the bot alone
  const needed = where.type === THREAD ? SEND_IN_THREADS : SEND_MESSAGES;
  return where.permissions === undefined || (BigInt(where.permissions) & needed) !== 0n;
}

function drawPresence() {
  $("presence").textContent = text(hello.online ? "online" : "offline");
  $("presence").classList.toggle("online", hello.online);
}

async function open(wanted) {
  if (wanted.id !== channel?.id) composer.reset();
  channel = wanted;
  unread.delete(channel.id);
  unfold(false);
  drawChannels();
  if (channel.type === FORUM) return timeline.fill([]);
  const { t, d } = await server("open", {});
  if (t === "MESSAGES" && d.channel_id === channel.id) timeline.fill(d.messages);
}

function unfold(open) {
  document.body.classList.toggle("unfolded", open);
  $("fold").setAttribute("aria-expanded", String(open));
}

/** The users, roles and channels that can be mentioned in this channel. */
function world() {
  const guild = hello.guilds.find((each) => each.id === channel.guild_id);
  const here = guild ? guild.members.map((each) => each.user) : [...(channel.recipients ?? []), hello.bot];
  const named = (each) => ({ ...each, name: each.global_name ?? (each.id === hello.bot.id ? "Suno" : each.username) });
  const users = here.map(named), everybody = [...hello.people, hello.bot].map(named);
  const nameIn = (list) => (id) => list.find((each) => each.id === id)?.name;
  return {
    users, me: hello.me, roles: guild?.roles ?? [], channels: guild ? channelsOf(guild) : [], commands: hello.commands,
    context: { user: nameIn(everybody), role: nameIn(guild?.roles ?? []), channel: nameIn(allChannels()) },
  };
}

const timeline = new Timeline({
  list: $("messages"), unseen: $("unseen"),
  view: (message) => render(message, world(), (op, fields, source) => act(message, op, fields, source)),
  empty: () => channel.type === FORUM ? drawPosts() : (maySend() && channel.type !== DM ? welcome(guide, attempt) : el("li.empty", {}, text(maySend() ? "empty" : "mayread"))),
});

/** The posts of a forum, newest first, each with its tags; a click opens one. */
function drawPosts() {
  const posts = channelsOf(hello.guilds.find((each) => each.id === channel.guild_id)).filter((each) => each.parent_id === channel.id).reverse();
  const tags = (post) => channel.available_tags.filter((tag) => post.applied_tags?.includes(tag.id)).map((tag) => el("span.tag", {}, tag.name));
  const button = (post) => el("button", { type: "button", "data-testid": `post-${title(post)}`, onclick: () => open(post) }, el("b", {}, title(post)), ...tags(post));
  return el("li.empty", {}, el("p", {}, text(posts.length ? "posts" : "noposts")), el("div.begin.posts", {}, posts.map(button)));
}

/** Whether the bot accepted a press or a choice. */
async function act(message, op, fields, source) {
  if (op === "dismiss") {
    server("dismiss", { message_id: message.id });
    timeline.remove(message.id);
    return true;
  }
  if (source?.classList.contains("busy")) return false;
  source?.classList.add("busy");
  const target = fields.menu ? { target_id: message.id } : { message_id: message.id };
  const fault = await settle(await server(op, { ...fields, ...target }));
  source?.classList.remove("busy");
  timeline.complain(message.id, fault);
  return !fault;
}

/** The outcome of an interaction: nothing to show, a form, or a sentence about the failure. */
async function settle({ t, d }) {
  if (t === "FAILED") return failure(d.reason);
  if (t !== "MODAL") return "";
  const send = (components) => server("submit", { modal_id: d.modal_id, components });
  ask(d, $("modal"), { upload, send, world: world() });
  return "";
}

function arrive(message) {
  if (message.channel_id === channel.id) return timeline.put(message);
  if (message.edited_timestamp) return undefined;
  unread.add(message.channel_id);
  return drawChannels();
}

/** Raises an Error that says what is wrong with the file. */
async function upload(file) {
  const { name } = file;
  if (file.size > hello.upload_limit) throw new Error(text("toobig", { name, size: size(file.size), most: size(hello.upload_limit) }));
  const form = new FormData();
  form.append("file", file);
  try {
    const answer = await fetch("/page/files", { method: "POST", body: form });
    if (answer.ok) return await answer.json();
  } catch {
    // reported below
  }
  throw new Error(text("uploadfailed", { name }));
}

const composer = new Composer($("composer"), {
  say: async (content, files) => {
    timeline.toEnd();
    return settle(await server("say", { content, files }));
  },
  run: async (chosen, options) => {
    timeline.toEnd();
    return settle(await server("command", { command_id: chosen.command.id, options }));
  },
  complete: async (chosen, options) => {
    const { t, d } = await server("autocomplete", { command_id: chosen.command.id, options });
    return t === "CHOICES" ? d.choices : null;
  },
  offered: () => hello.commands.filter((each) => each.channels.includes(channel.id)),
  upload, world,
});

/** Runs a step of the guide: as its person, in a channel where it can be run, and with a new task if it needs one. */
async function attempt(step, run) {
  if (step.person && step.person !== hello.me.id) await become(step.person);
  const name = /^\/(\S+)/.exec(step.command)?.[1];
  const offered = (each) => hello.commands.some((command) => command.name === name && command.channels.includes(each.id));
  const fits = (each) => maySend(each) && (!name || offered(each));
  if (!fits(channel)) await open(allChannels().find(fits) ?? channel);
  const { t, d } = step.renewed ? await server("renew", { command: step.command }) : {};
  composer.fill(t === "RENEWED" ? d.command : step.command);
  if (run) composer.enter();
}

/** Switches to another person, keeping the page's language. */
async function become(person) {
  const { locale } = state;
  const begun = new Promise((resolve) => starting.add(resolve));
  connection.become(person);
  await begun;
  if (locale !== state.locale) speak(locale);
}

function speak(locale) {
  state.locale = locale;
  server("locale", { locale });
  draw();
  timeline.redraw();
}

/** Follows a link to a message: opens its channel and scrolls to it. */
$("messages").addEventListener("jump", async ({ detail }) => {
  const wanted = allChannels().find((each) => each.id === detail.channel);
  if (!wanted) return;
  if (wanted.id !== channel.id) await open(wanted);
  document.querySelector(`[data-id="${detail.message}"]`)?.scrollIntoView({ behavior: "smooth", block: "center" });
});

$("person-switch").onchange = ({ target }) => { composer.reset(); connection.become(target.value); };
$("locale-switch").onchange = ({ target }) => speak(target.value);
$("fold").onclick = () => unfold(!document.body.classList.contains("unfolded"));
$("guide-open").onclick = () => show(!document.body.classList.contains("guided"));
$("shade").onclick = () => { unfold(false); show(false); };
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    unfold(false);
    show(false);
  } else if (event.target === document.body && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) $("text").focus();
});

const answer = await fetch("/page/guide");
guide = answer.ok ? await answer.json() : null;
connection.open();
