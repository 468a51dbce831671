// Commands and their options: parsing a line, and the values of options.

import { localised, text } from "./texts.js";

export const SUB_COMMAND = 1, GROUP = 2, STRING = 3, INTEGER = 4, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8, MENTIONABLE = 9, NUMBER = 10, ATTACHMENT = 11;

/** All commands, with subcommands flattened: `{path, names, command, options, description}`. */
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

/** The command at the beginning of a line. While it is being `typed` a blank must follow: `/suno watch` may become `/suno watches`. */
export function commandOf(line, commands, typed) {
  const begins = (each) => (typed ? line : `${line} `).replace(/\s/, " ").startsWith(`/${each.path} `);
  return commands.filter(begins).sort((a, b) => b.path.length - a.path.length)[0];
}

/** `abc show:me` as the text before any name, and `[option, text]` pairs. */
export function split(line, options) {
  const names = options.map((each) => each.name).join("|");
  const [before, ...rest] = names ? line.split(new RegExp(`(?:^|\\s)(${names}):`)) : [line];
  const pairs = [];
  for (let index = 0; index < rest.length; index += 2) pairs.push([options.find((each) => each.name === rest[index]), rest[index + 1].trim()]);
  return { before: before.trim(), pairs };
}

/** The choices of an option, as `{name, value}`; undefined if any text is allowed. */
export function choicesOf(option, world) {
  if (option.choices) return option.choices.map((each) => ({ name: localised(each, "name"), value: each.value, also: each.name }));
  if (option.type === BOOLEAN) return [{ name: "True", value: true }, { name: "False", value: false }];
  const channels = world.channels.filter((each) => !option.channel_types?.length || option.channel_types.includes(each.type));
  const users = world.users.map((each) => ({ name: `@${each.name}`, value: each.id }));
  const roles = world.roles.map((each) => ({ name: `@${each.name.replace(/^@/, "")}`, value: each.id }));
  return {
    [CHANNEL]: channels.map((each) => ({ name: `#${each.name}`, value: each.id })),
    [USER]: users, [ROLE]: roles, [MENTIONABLE]: [...users, ...roles],
  }[option.type];
}

export function matching(choices, typed) {
  const wanted = bare(typed);
  return choices.filter((each) => bare(each.name).includes(wanted) || bare(each.also ?? "").includes(wanted));
}

/** The value typed into an option, as `{value, shown}`, or `{fault}` if it is not valid. */
export function understand(option, typed, world) {
  const choices = choicesOf(option, world);
  if (choices) return choose(option, typed, choices);
  if (option.type === ATTACHMENT) return { fault: text("needsfile", { option: option.name }) };
  if (option.type === INTEGER || option.type === NUMBER) return number(option, typed);
  const { min_length: least = 0, max_length: most = 6000 } = option;
  const length = [...typed].length;
  if (length < least || length > most) return { fault: text("badlength", { option: option.name, least, most, length }) };
  return { value: typed, shown: typed };
}

function choose(option, typed, choices) {
  const wanted = bare(typed);
  const exact = choices.find((each) => [each.name, each.also, each.value].some((one) => one !== undefined && bare(one) === wanted));
  const close = matching(choices, typed);
  const found = exact ?? (close.length === 1 ? close[0] : undefined);
  if (found) return { value: found.value, shown: found.name };
  const names = choices.slice(0, 8).map((each) => each.name).join(", ");
  return { fault: text("nochoice", { option: option.name, typed, names: choices.length > 8 ? `${names}…` : names }) };
}

function number(option, typed) {
  const pattern = option.type === INTEGER ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)$/;
  const value = Number(typed);
  if (!pattern.test(typed)) return { fault: text(option.type === INTEGER ? "notwhole" : "notnumber", { option: option.name, typed }) };
  if (value < (option.min_value ?? -Infinity)) return { fault: text("toolow", { option: option.name, least: option.min_value }) };
  if (value > (option.max_value ?? Infinity)) return { fault: text("toohigh", { option: option.name, most: option.max_value }) };
  return { value, shown: typed };
}

/** A name without its markup: `#songs`, `<#123>`, `Songs`. */
function bare(name) {
  return String(name).trim().toLowerCase().replace(/^<?[@#]?[!&]?/, "").replace(/>$/, "");
}

/** Options in Discord's nested shape. */
export function nested(names, options) {
  return names.slice(1).reduceRight((inner, name, index) => [{ type: index < names.length - 2 ? GROUP : SUB_COMMAND, name, options: inner }], options);
}

/** `@Suno` and `#songs` in a text, as Discord writes mentions. */
export function withMentions(content, world) {
  const named = [
    ...world.users.map((each) => [`@${each.name}`, `<@${each.id}>`]),
    ...world.roles.filter((each) => each.name !== "@everyone").map((each) => [`@${each.name}`, `<@&${each.id}>`]),
    ...world.channels.map((each) => [`#${each.name}`, `<#${each.id}>`]),
  ];
  const ids = new Map(named.reverse().map(([name, id]) => [name.toLowerCase(), id]));
  const names = [...ids.keys()].sort((a, b) => b.length - a.length).map((each) => each.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const mention = new RegExp(`(?<![\\p{L}\\p{N}_<])(?:${names.join("|")})(?![\\p{L}\\p{N}_-])`, "giu");
  return names.length ? content.replace(mention, (name) => ids.get(name.toLowerCase())) : content;
}
