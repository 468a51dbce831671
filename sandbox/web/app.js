// The page: a socket to the local Discord as one person at a time, channels, messages, and the line to write in.

import { Composer } from "./composer.js";
import { el } from "./dom.js";
import { render } from "./message.js";
import { ask } from "./modal.js";
import { language, state, text } from "./texts.js";

const $ = (id) => document.getElementById(id);
const waiting = new Map();
const unread = new Set();
let socket, hello, channel, guide, counter = 0, shown = new Map();
let here = new URLSearchParams(location.search).get("as");

function connect() {
  socket = new WebSocket(`ws://${location.host}/page/socket${here ? `?as=${here}` : ""}`);
  const current = socket;
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = () => current === socket && setTimeout(connect, 1000);
}

/** Sends a frame; answers with the frame that answers it. */
function ask_server(op, fields) {
  const nonce = String(++counter);
  socket.send(JSON.stringify({ op, nonce, channel_id: channel?.id, ...fields }));
  return new Promise((resolve) => waiting.set(nonce, resolve));
}

function receive({ t, d, nonce }) {
  if (nonce && waiting.has(nonce)) {
    waiting.get(nonce)({ t, d });
    waiting.delete(nonce);
  }
  const handlers = {
    HELLO: start, COMMANDS: ({ commands, bot }) => { Object.assign(hello, { commands, bot }); },
    MESSAGE_CREATE: arrive, MESSAGE_UPDATE: arrive, MESSAGE_DELETE: leave,
    PRESENCE: ({ online }) => { hello.online = online; drawPresence(); },
  };
  handlers[t]?.(d);
}

function start(data) {
  hello = data;
  here = data.me.id;
  state.locale = data.locale;
  const channels = allChannels();
  channel = channels.find((each) => each.id === channel?.id) ?? channels[0];
  draw();
  open(channel);
}

function allChannels() {
  return [...hello.guilds.flatMap((guild) => guild.channels), ...hello.dms];
}

function title(each) {
  if (each.type === 1) return "Suno";
  return each.name ?? (each.type === 3 ? text("group") : each.id);
}

function draw() {
  document.documentElement.lang = state.locale;
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = text(each.dataset.text);
  $("guild-name").textContent = hello.guilds[0]?.name ?? "";
  drawSwitches();
  drawChannels();
  drawPresence();
  drawGuide();
}

function drawSwitches() {
  const names = { "en-US": "English", "zh-CN": "简体中文", "zh-TW": "繁體中文", de: "Deutsch", ja: "日本語" };
  $("person-switch").replaceChildren(...hello.people.map((each) => el("option", { value: each.id, selected: each.id === hello.me.id }, each.global_name)));
  $("locale-switch").replaceChildren(...hello.locales.map((each) => el("option", { value: each, selected: each === state.locale }, names[each] ?? each)));
}

function drawChannels() {
  const button = (each) => {
    const mark = each.type === 1 ? "♫" : each.type === 3 ? "👥" : each.type === 5 ? "📢" : "#";
    const element = el("button", { type: "button", "data-testid": `channel-${title(each)}`, onclick: () => open(each) }, el("span", {}, mark), title(each));
    if (each.id === channel.id) element.setAttribute("aria-current", "page");
    if (unread.has(each.id)) element.classList.add("unread");
    return element;
  };
  $("channels").replaceChildren(
    el("h2", {}, text("channels")), ...hello.guilds.flatMap((guild) => guild.channels).map(button),
    el("h2", {}, text("dms")), ...hello.dms.map(button));
  $("channel-name").textContent = (channel.guild_id ? "# " : "") + title(channel);
  $("text").placeholder = text("write", { channel: title(channel) });
  $("send").setAttribute("aria-label", text("send"));
}

function drawPresence() {
  $("presence").textContent = text(hello.online ? "online" : "offline");
  $("presence").classList.toggle("online", hello.online);
}

function drawGuide() {
  document.body.classList.toggle("no-guide", !guide);
  $("guide").hidden = !guide;
  if (!guide) return;
  const say = (each) => each[language() === "zh" ? "zh-CN" : "en"];
  $("guide").replaceChildren(el("h2", {}, say(guide.title)), el("p", {}, text("guide")),
    ...guide.steps.map((step) => el("button", { type: "button", onclick: () => composer.fill(step.command) }, say(step.text))));
}

async function open(wanted) {
  channel = wanted;
  unread.delete(channel.id);
  document.body.classList.remove("unfolded");
  drawChannels();
  const { d } = await ask_server("open", {});
  if (d.channel_id !== channel.id) return;
  shown = new Map(d.messages.map((each) => [each.id, each]));
  $("messages").replaceChildren(...[...shown.values()].map(view));
  drawEmpty();
  $("messages").scrollTop = $("messages").scrollHeight;
}

function drawEmpty() {
  const empty = $("messages").querySelector(".empty");
  if (shown.size) empty?.remove();
  else if (!empty) $("messages").replaceChildren(el("li.empty", {}, text("empty")));
}

function world() {
  const guild = hello.guilds.find((each) => each.id === channel.guild_id);
  const users = hello.people.map((each) => ({ ...each, name: each.global_name }));
  const named = (list) => (id) => list.find((each) => each.id === id)?.name;
  return {
    users, roles: guild?.roles ?? [], channels: guild?.channels ?? [], commands: hello.commands,
    context: { user: (id) => named(users)(id) ?? (id === hello.bot?.id ? "Suno" : undefined), role: named(guild?.roles ?? []), channel: named(allChannels()) },
  };
}

function view(message) {
  const element = render(message, world(), (op, fields, source) => act(message, op, fields, source));
  return element;
}

async function act(message, op, fields, source) {
  if (op === "dismiss") {
    ask_server("dismiss", { message_id: message.id });
    return leave(message);
  }
  source?.classList.add("busy");
  const target = fields.menu ? { target_id: message.id } : { message_id: message.id };
  await settle(await ask_server(op, { ...fields, ...target }), document.querySelector(`[data-id="${message.id}"]`));
  source?.classList.remove("busy");
}

/** What came of an interaction: nothing to show, a form, or a failure below `place`. */
async function settle({ t, d }, place) {
  if (t === "MODAL") {
    const components = await ask(d, $("modal"), upload);
    if (components) await settle(await ask_server("submit", { modal_id: d.modal_id, components }), place);
  } else if (t === "FAILED") {
    const sentence = d.reason === "timeout" ? text("timeout") : d.reason === "offline" ? text("offline") : `${text("failed")} ${d.reason}`;
    if (place) place.append(el("div.fault", { role: "alert" }, sentence));
    else composer.complain(sentence);
  }
}

function arrive(message) {
  if (message.channel_id !== channel.id) {
    unread.add(message.channel_id);
    return drawChannels();
  }
  const list = $("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const old = list.querySelector(`[data-id="${message.id}"]`);
  shown.set(message.id, message);
  if (old) old.replaceWith(view(message));
  else list.append(view(message));
  drawEmpty();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function leave({ id }) {
  shown.delete(id);
  document.querySelector(`[data-id="${id}"]`)?.remove();
  drawEmpty();
}

async function upload(file) {
  const form = new FormData();
  form.append("file", file);
  return (await fetch("/page/files", { method: "POST", body: form })).json();
}

const composer = new Composer($("composer"), {
  say: (content, files) => ask_server("say", { content, files }),
  run: async (chosen, options) => settle(await ask_server("command", { command_id: chosen.command.id, options }), null),
  complete: async (chosen, options) => (await ask_server("autocomplete", { command_id: chosen.command.id, options })).d.choices ?? [],
  offered: () => hello.commands.filter((each) => each.channels.includes(channel.id)),
  upload, world,
});

/** A link to a message: its channel is opened, and it comes into sight. */
$("messages").addEventListener("jump", async ({ detail }) => {
  const wanted = allChannels().find((each) => each.id === detail.channel);
  if (!wanted) return;
  if (wanted.id !== channel.id) await open(wanted);
  document.querySelector(`[data-id="${detail.message}"]`)?.scrollIntoView({ behavior: "smooth", block: "center" });
});

$("person-switch").onchange = ({ target }) => { here = target.value; composer.reset(); socket.close(); };
$("locale-switch").onchange = ({ target }) => {
  state.locale = target.value;
  ask_server("locale", { locale: target.value });
  draw();
  open(channel);
};
$("fold").onclick = () => document.body.classList.toggle("unfolded");

const answer = await fetch("/page/guide");
guide = answer.ok ? await answer.json() : null;
connect();
