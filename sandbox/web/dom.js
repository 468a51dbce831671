// Builds elements. Text is always set as text, so that received data is never parsed as HTML.

/** `el("a.mention", {href}, "text", child)`: a tag with classes, properties or attributes, and children. */
export function el(spec, properties = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

/** Only web addresses may be followed. */
export function safeUrl(url) {
  return /^https?:\/\//i.test(url ?? "") ? url : undefined;
}

/** The address of a local Discord's file, with the page's own origin, which may be a tunnel's. */
export function ownUrl(url) {
  return /^https?:\/\/(127\.0\.0\.1|localhost)(:\d+)?(\/attachments\/.*)$/.exec(url ?? "")?.[3] ?? url;
}
