// Turns the part of Discord's markdown that bots use into elements.

import { el, safeUrl } from "./dom.js";
import { relative, state, text } from "./texts.js";

const INLINE = [
  [/^\\([^0-9A-Za-z\s])/, (m) => m[1]],
  [/^```(?:\w+\n)?([^]+?)```/, (m) => el("pre", {}, el("code", {}, m[1].replace(/\n$/, "")))],
  [/^(`+)([^]*?[^`])\1(?!`)/, (m) => el("code", {}, m[2])],
  [/^\*\*([^]+?)\*\*(?!\*)/, (m, context) => el("b", {}, inline(m[1], context))],
  [/^__([^]+?)__(?!_)/, (m, context) => el("u", {}, inline(m[1], context))],
  [/^~~([^]+?)~~/, (m, context) => el("s", {}, inline(m[1], context))],
  [/^\|\|([^]+?)\|\|/, (m, context) => spoiler(inline(m[1], context))],
  [/^\*(?!\s)((?:\*\*[^*]+\*\*|[^*])+?)\*(?!\*)/, (m, context) => el("i", {}, inline(m[1], context))],
  [/^_(?!\s)([^_]+?)_(?![0-9A-Za-z])/, (m, context) => el("i", {}, inline(m[1], context))],
  [/^\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)/, (m, context) => link(m[2], inline(m[1], context), true)],
  [/^<(https?:\/\/[^\s>]+)>/, (m) => link(m[1], m[1])],
  [/^https?:\/\/[^\s<]+[^\s<.,:;"')\]]/, (m) => link(m[0], m[0])],
  [/^<t:(-?\d+)(?::([tTdDfFR]))?>/, (m) => timestamp(Number(m[1]), m[2])],
  [/^<@!?(\d+)>/, (m, context) => mention(`@${context.user?.(m[1]) ?? m[1]}`)],
  [/^<@&(\d+)>/, (m, context) => mention(`@${context.role?.(m[1]) ?? m[1]}`)],
  [/^<#(\d+)>/, (m, context) => mention(`#${context.channel?.(m[1]) ?? m[1]}`)],
  [/^<\/([^:>]+):\d+>/, (m) => mention(`/${m[1]}`)],
  [/^@(everyone|here)/, (m) => mention(m[0])],
];

/** Inline marks of a text, as a list of nodes. `context` names users, roles and channels by id. */
export function inline(source, context = {}) {
  const nodes = [];
  let plain = "";
  let rest = source;
  while (rest) {
    const found = /[\\`*_~|[<h@]/.test(rest[0]) && INLINE.map(([rule, make]) => [rule.exec(rest), make]).find(([m]) => m);
    if (found) {
      if (plain) nodes.push(plain);
      plain = "";
      nodes.push(found[1](found[0], context));
      rest = rest.slice(found[0][0].length);
    } else {
      const character = String.fromCodePoint(rest.codePointAt(0));
      plain += character;
      rest = rest.slice(character.length);
    }
  }
  if (plain) nodes.push(plain);
  return nodes.flat();
}

/** A whole text: headings, subtext, quotes, lists and lines. */
export function markdown(source, context = {}) {
  const blocks = source.includes("```") ? [source] : source.split("\n");
  const nodes = [];
  for (const line of blocks) nodes.push(...block(line, context));
  while (nodes.at(-1) === "\n") nodes.pop();
  return nodes;
}

function block(line, context) {
  let m;
  if ((m = /^(#{1,3}) (.+)/.exec(line))) return [el(`h${m[1].length}`, {}, inline(m[2], context))];
  if ((m = /^-# (.+)/.exec(line))) return [el("small", {}, inline(m[1], context)), "\n"];
  if ((m = /^> (.*)/.exec(line))) return [el("blockquote", {}, inline(m[1], context))];
  if ((m = /^\s*[-*] (.+)/.exec(line))) return [el("ul", {}, el("li", {}, inline(m[1], context)))];
  return [...inline(line, context), "\n"];
}

const MESSAGE = /^https:\/\/discord\.com\/channels\/[^/]+\/(\d+)\/(\d+)$/;

/** `named`: the link has a text of its own. */
function link(url, content, named = false) {
  const [, channel, message] = MESSAGE.exec(url) ?? [];
  if (!channel) return el("a", { href: safeUrl(url), target: "_blank", rel: "noopener noreferrer" }, content);
  const jump = (event) => {
    event.preventDefault();
    event.target.dispatchEvent(new CustomEvent("jump", { bubbles: true, detail: { channel, message } }));
  };
  if (named) return el("a", { href: "#", onclick: jump }, content);
  return el("button.mention", { type: "button", onclick: jump, "aria-label": text("jump") }, `${text("jump")} ➜`);
}

function mention(name) {
  return el("span.mention", {}, name);
}

function spoiler(content) {
  return el("span.spoiler", { onclick: (event) => event.currentTarget.classList.add("open") }, content);
}

function timestamp(seconds, style = "f") {
  const moment = new Date(seconds * 1000);
  const options = {
    t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" }, D: { dateStyle: "long" },
    f: { dateStyle: "long", timeStyle: "short" }, F: { dateStyle: "full", timeStyle: "short" },
  };
  const full = moment.toLocaleString(state.locale, options.F);
  const shown = style === "R" ? relative(seconds) : moment.toLocaleString(state.locale, options[style]);
  return el("time", { title: full, "data-relative": style === "R" ? seconds : null }, shown);
}

/** Keeps relative times such as "2 minutes ago" up to date. */
setInterval(() => {
  for (const each of document.querySelectorAll("time[data-relative]")) each.textContent = relative(Number(each.dataset.relative));
}, 5000);
