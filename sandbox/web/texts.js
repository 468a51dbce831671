// The page's own words.

const TEXTS = {
  en: {
    person: "You are", language: "Language", online: "The bot is online", offline: "The bot is offline",
    dms: "Direct messages", channels: "Channels", private: "Only you can see this", dismiss: "Dismiss message",
    used: "{user} used {command}", thinking: "Suno is thinking", edited: "(edited)",
    empty: "No messages yet. Type / to see what the bot can do.", write: "Message {channel}. Type / for commands.",
    required: "{option} is needed. Type it after its name.", nomatch: "Nothing found.", searching: "Searching…",
    timeout: "The application did not respond.", failed: "This interaction failed.", unknown: "There is no command {name} here.",
    guide: "Click one to put it into the line below, then press Enter.", send: "Send", cancel: "Cancel", submit: "Submit",
    show: "Show text", justnow: "just now", reply: "Replying to {user}", pick: "Choose…", group: "Private group",
  },
  zh: {
    person: "身份", language: "语言", online: "机器人在线", offline: "机器人离线",
    dms: "私信", channels: "频道", private: "只有你能看到这条消息", dismiss: "关闭消息",
    used: "{user} 使用了 {command}", thinking: "Suno 正在思考", edited: "（已编辑）",
    empty: "还没有消息。输入 / 查看机器人的命令。", write: "发消息到 {channel}。输入 / 使用命令。",
    required: "需要填写 {option}。", nomatch: "没有匹配项。", searching: "正在搜索…",
    timeout: "应用程序没有响应。", failed: "交互失败。", unknown: "这里没有命令 {name}。",
    guide: "点击一条放入下方输入框，然后按回车。", send: "发送", cancel: "取消", submit: "提交",
    show: "显示文本", justnow: "刚刚", reply: "回复 {user}", pick: "请选择…", group: "私密群组",
  },
};

export const state = { locale: "en-US" };

export function language() {
  return state.locale.startsWith("zh") ? "zh" : "en";
}

export function text(key, values = {}) {
  return TEXTS[language()][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** The localised one of a command's or option's texts. */
export function localised(thing, field) {
  return thing[`${field}_localizations`]?.[state.locale] ?? thing[field];
}

export function relative(seconds) {
  const format = new Intl.RelativeTimeFormat(state.locale, { numeric: "auto" });
  const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const difference = seconds - Date.now() / 1000;
  const [unit, size] = units.find(([, each]) => Math.abs(difference) >= each) ?? units.at(-1);
  return format.format(Math.round(difference / size), unit);
}
