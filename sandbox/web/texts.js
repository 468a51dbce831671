// The page's own texts.

const TEXTS = {
  en: {
    person: "You are", language: "Language", online: "The bot is online", offline: "The bot is offline",
    dms: "Direct messages", channels: "Channels", private: "Only you can see this", dismiss: "Dismiss message",
    used: "{user} used {command}", thinking: "Suno is thinking", edited: "(edited)", app: "APP",
    welcome: "Welcome to the suno-watch demo", begin: "The bot is the real one; Discord and the Suno gateway are simulated on this machine. Click a step to run it:",
    empty: "No messages yet. Type / to see what the bot can do.", write: "Message {channel}, or / for commands",
    mayread: "You do not have permission to send messages in this channel.",
    required: "{option} is needed.", nomatch: "Nothing found.", nothing: "There is nothing to choose from here.", searching: "Searching…",
    nochoices: "Loading options failed.", nocommands: "The bot has no commands here yet.", nooption: "This command has no option {name}.",
    nochoice: "{option} cannot be “{typed}”. Choose one of: {names}", notwhole: "{option} must be a whole number, not “{typed}”.",
    notnumber: "{option} must be a number, not “{typed}”.", toolow: "{option} must be at least {least}.", toohigh: "{option} must be at most {most}.",
    badlength: "{option} takes {least} to {most} characters; this has {length}.", toolong: "A message takes up to {most} characters; this has {length}.",
    needsfile: "{option} takes a file: choose one with +, or drop it here.", choosefile: "Choose a file…", nofiles: "This command takes no file.",
    toomanyfiles: "Up to {most} files can be attached here.", toobig: "{name} is {size}. Files up to {most} can be sent here.", uploadfailed: "{name} could not be uploaded. Try again.",
    optional: "Optional: choose one to add it, or press Enter to send", more: "+{count} more", remove: "Remove {name}", file: "File", attach: "Attach a file",
    timeout: "The application did not respond.", failed: "This interaction failed.", lost: "The demo cannot be reached, so nothing was sent.",
    changed: "This message has changed meanwhile. Try again.", closed: "This form is not open any more. Run the command again.", gone: "This command is not available here.",
    unknown: "There is no command {name} here.", ended: "The demo has ended or cannot be reached. Trying again…",
    guide: "Click one to put it into the line below, then press Enter.", close: "Close", send: "Send", cancel: "Cancel", submit: "Submit",
    show: "Show text", unreadable: "The file could not be read.", reply: "Replying to {user}", pick: "Choose…", search: "Search", ready: "Done", group: "Private group",
    actions: "Message actions", spoiler: "Spoiler", play: "Play {name}", pause: "Pause {name}", position: "Position", jump: "Go to message",
    one: "1 new message ↓", many: "{count} new messages ↓",
    indm: "Only you and the bot read this", inthread: "Thread in #{channel}", innews: "Announcements",
    inforum: "Forum", inpost: "Post in {channel}", posts: "Click a post to open it.", noposts: "No posts yet. Name this forum in /suno watch: each song gets a post of its own.",
    forum: "Open a post to write in it.",
  },
  zh: {
    person: "当前身份", language: "语言", online: "机器人在线", offline: "机器人离线",
    dms: "私信", channels: "频道", private: "只有你能看到这条消息", dismiss: "关闭消息",
    used: "{user} 使用了 {command}", thinking: "Suno 正在思考", edited: "（已编辑）", app: "应用",
    welcome: "欢迎试用 suno-watch", begin: "机器人是真实的；Discord 和 Suno 网关由本机模拟。点击一步即可运行：",
    empty: "还没有消息。输入 / 查看机器人的命令。", write: "发消息到 {channel}，输入 / 使用命令",
    mayread: "你没有在此频道发送消息的权限。",
    required: "需要填写 {option}。", nomatch: "没有匹配项。", nothing: "这里没有可选项。", searching: "正在搜索…",
    nochoices: "加载选项失败。", nocommands: "机器人在这里还没有命令。", nooption: "此命令没有选项 {name}。",
    nochoice: "{option} 不能是“{typed}”。请选择：{names}", notwhole: "{option} 必须是整数，不能是“{typed}”。",
    notnumber: "{option} 必须是数字，不能是“{typed}”。", toolow: "{option} 不能小于 {least}。", toohigh: "{option} 不能大于 {most}。",
    badlength: "{option} 需要 {least} 到 {most} 个字符，现在有 {length} 个。", toolong: "消息最多 {most} 个字符，现在有 {length} 个。",
    needsfile: "{option} 需要文件：点击 + 选择，或拖到这里。", choosefile: "选择文件…", nofiles: "此命令不接受文件。",
    toomanyfiles: "这里最多可以添加 {most} 个文件。", toobig: "{name} 大小为 {size}，这里最大可发送 {most}。", uploadfailed: "{name} 上传失败，请重试。",
    optional: "可选项：点击添加，或按回车发送", more: "还有 {count} 项", remove: "移除 {name}", file: "文件", attach: "添加文件",
    timeout: "应用程序没有响应。", failed: "交互失败。", lost: "无法连接演示程序，没有发送任何内容。",
    changed: "这条消息已经变化，请重试。", closed: "此表单已关闭，请重新运行命令。", gone: "此命令在这里不可用。",
    unknown: "这里没有命令 {name}。", ended: "演示已结束或无法连接，正在重试…",
    guide: "点击一条放入下方输入框，然后按回车。", close: "关闭", send: "发送", cancel: "取消", submit: "提交",
    show: "显示文本", unreadable: "无法读取文件。", reply: "回复 {user}", pick: "请选择…", search: "搜索", ready: "完成", group: "私密群组",
    actions: "消息操作", spoiler: "剧透内容", play: "播放 {name}", pause: "暂停 {name}", position: "播放位置", jump: "跳转到消息",
    one: "1 条新消息 ↓", many: "{count} 条新消息 ↓",
    indm: "只有你和机器人能看到", inthread: "#{channel} 中的子区", innews: "公告频道",
    inforum: "论坛频道", inpost: "{channel} 中的帖子", posts: "点击帖子即可打开。", noposts: "还没有帖子。在 /suno watch 中选择此论坛，每首歌会有自己的帖子。",
    forum: "打开一个帖子即可发言。",
  },
};

const FAILURES = { timeout: "timeout", offline: "offline", lost: "lost", "message-changed": "changed", "form-closed": "closed", "no-command": "gone", "Unknown Message": "changed" };

export const state = { locale: "en-US" };

export function language() {
  return state.locale.startsWith("zh") ? "zh" : "en";
}

export function text(key, values = {}) {
  return TEXTS[language()][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** A sentence about a failure: from a code of the server, or Discord's own words. */
export function failure(reason) {
  return FAILURES[reason] ? text(FAILURES[reason]) : `${text("failed")} ${reason}`;
}

/** A command's or option's text in the reader's language. */
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
