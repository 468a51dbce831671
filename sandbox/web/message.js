// A message: author, content, embeds, files and components.

import { el, ownUrl, safeUrl } from "./dom.js";
import { inline, markdown } from "./markdown.js";
import { Picker } from "./picker.js";
import { file } from "./player.js";
import { localised, state, text } from "./texts.js";

const PRIVATE = 64, THINKING = 128, V2 = 1 << 15;
const COLOURS = ["#5865f2", "#3ba55d", "#d97706", "#c2410c", "#be185d", "#0e7490"];

/** `world` resolves ids; `act(op, fields, element)` sends a frame, and shows failures below the message. */
export function render(message, world, act) {
  const context = world.context;
  const item = el("li.message", { "data-id": message.id, "data-testid": "message" },
    above(message), avatar(message.author), by(message), el("div.body-of"));
  if (message.flags & PRIVATE) item.classList.add("private");
  if (message.mentions.some((each) => each.id === world.me.id)) item.classList.add("mentioned");
  const body = item.lastChild;
  if (message.flags & THINKING) body.append(el("div.thinking", { "data-testid": "thinking" }, text("thinking")));
  if (message.content) {
    body.append(el("div.content", { "data-testid": "content" }, markdown(message.content, context)));
    if (message.edited_timestamp && !(message.flags & PRIVATE)) body.lastChild.append(el("span.edited", {}, text("edited")));
  }
  for (const each of message.embeds) body.append(embed(each, context));
  for (const each of message.attachments) body.append(file(each));
  const use = (component, element, values) => act(values ? "select" : "press", { custom_id: component.custom_id, values }, element);
  const menus = world.commands.filter((each) => each.type === 3 && each.channels.includes(message.channel_id));
  if (menus.length) addMenu(item, menus, act);
  for (const each of message.components) body.append(component(each, context, use, world));
  if (message.flags & PRIVATE) body.append(notice(() => act("dismiss", {}, null)));
  return item;
}

/** The shown name: an application has no display name. */
function nameOf(user) {
  return user.bot ? "Suno" : user.global_name ?? user.username;
}

export function avatar(user) {
  const name = nameOf(user);
  const colour = user.bot ? COLOURS[0] : COLOURS[Number(BigInt(user.id) % 5n) + 1];
  const element = el("div.avatar", { "aria-hidden": "true" }, user.bot ? "♫" : name[0].toUpperCase());
  element.style.background = colour;
  return element;
}

function above(message) {
  if (message.interaction) {
    return el("div.above", {}, text("used", { user: nameOf(message.interaction.user), command: `/${message.interaction.name}` }));
  }
  if (message.referenced_message) {
    return el("div.above", {}, `↩ ${text("reply", { user: nameOf(message.referenced_message.author) })}`);
  }
  return null;
}

function by(message) {
  const time = new Date(message.timestamp).toLocaleTimeString(state.locale, { hour: "2-digit", minute: "2-digit" });
  return el("div.by", {}, el("b", {}, nameOf(message.author)), message.author.bot && el("span.tag", {}, text("app")), el("time", {}, time));
}

function notice(dismiss) {
  return el("div.notice", {}, `◉ ${text("private")} · `, el("button", { type: "button", onclick: dismiss, "data-testid": "dismiss" }, text("dismiss")));
}

/** A button beside the author's name opens the message's commands below it, without covering anything. */
function addMenu(item, menus, act) {
  const row = el("div.menu", { hidden: true }, menus.map((each) =>
    el("button", { type: "button", onclick: (event) => { toggle(false); act("command", { command_id: each.id, menu: true }, event.currentTarget); } }, localised(each, "name"))));
  const button = el("button.more", { type: "button", "aria-label": text("actions"), title: text("actions"), "aria-expanded": "false", "data-testid": "message-menu", onclick: () => toggle(row.hidden) }, "⋯");
  const toggle = (open) => {
    row.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) row.firstElementChild.focus();
    else if (row.contains(document.activeElement)) button.focus();
  };
  row.addEventListener("keydown", (event) => event.key === "Escape" && toggle(false));
  item.querySelector(".by").append(button);
  item.lastChild.prepend(row);
}

function embed(data, context) {
  const title = data.title && el("div.title", {}, data.url ? el("a", { href: safeUrl(data.url), target: "_blank", rel: "noopener noreferrer" }, inline(data.title, context)) : inline(data.title, context));
  const fields = data.fields?.length && el("div.fields", {}, data.fields.map((each) =>
    el(each.inline ? "div" : "div.wide", {}, el("b", {}, inline(each.name, context)), inline(each.value, context))));
  const body = el("div.body", {}, title, data.description && el("div.description", {}, markdown(data.description, context)), fields);
  const element = el("article.embed", { "data-testid": "embed" }, body,
    data.thumbnail && el("img.thumbnail", { src: ownUrl(data.thumbnail.url), alt: "" }),
    data.image && el("img.image", { src: ownUrl(data.image.url), alt: "" }),
    data.footer && el("div.footer", {}, data.footer.text));
  if (data.color) element.style.borderLeftColor = `#${data.color.toString(16).padStart(6, "0")}`;
  return element;
}

function component(data, context, use, world) {
  const nested = () => (data.components ?? []).map((each) => component(each, context, use, world));
  switch (data.type) {
    case 1: return el("div.row", {}, nested());
    case 2: return button(data, use);
    case 3: case 5: case 6: case 7: case 8: return select(data, use, world);
    case 9: return el("div.section", {}, el("div", {}, nested()), component(data.accessory, context, use, world));
    case 10: return el("div.content", {}, markdown(data.content, context));
    case 11: return el("img.thumbnail", { src: ownUrl(data.media.url), alt: data.description ?? "" });
    case 12: return el("div", {}, data.items.map((each) => el("img.attachment-image", { src: ownUrl(each.media.url), alt: each.description ?? "" })));
    case 14: return el("hr");
    case 17: return container(data, nested());
    default: return el("div", {}, `(${data.type})`);
  }
}

function container(data, children) {
  const element = el("div.container", { "data-testid": "container" }, children);
  if (data.accent_color) element.style.borderLeft = `4px solid #${data.accent_color.toString(16).padStart(6, "0")}`;
  return element;
}

function button(data, use) {
  const label = [data.emoji?.name, data.label].filter(Boolean).join(" ");
  if (data.style === 5) return el("a", { href: safeUrl(data.url), target: "_blank", rel: "noopener noreferrer" }, `${label} ↗`);
  const element = el(`button.style-${data.style}`, { type: "button", disabled: data.disabled, "data-testid": `button-${data.label ?? data.emoji?.name}` }, label);
  element.onclick = () => use(data, element);
  return element;
}

function select(data, use, world) {
  const picker = new Picker(data, world, (values) => use(data, picker.element, values));
  return picker.element;
}
