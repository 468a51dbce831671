// A form that the bot opened.

import { el } from "./dom.js";
import { text } from "./texts.js";

/** Asks the person; `upload(file)` stores a file; answers with the components to send, or null. */
export function ask(modal, dialog, upload) {
  const fields = modal.components.map(field);
  const form = el("form", { method: "dialog" }, el("h2", {}, modal.title), fields.map((each) => each.element),
    el("menu", {}, el("button", { type: "button", onclick: () => dialog.close() }, text("cancel")),
      el("button.primary", { type: "submit", value: "send", "data-testid": "submit" }, text("submit"))));
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = async () => resolve(dialog.returnValue ? await Promise.all(fields.map((each) => each.read(upload))) : null);
  });
}

function field(component) {
  if (component.type === 10) return { element: el("p", {}, component.content), read: async () => component };
  const inner = component.component ?? component.components[0];
  const label = component.label ?? inner.label;
  const control = make(inner);
  const element = el("label", {}, label, component.description && el("small", {}, component.description), control.element);
  const wrap = (value) => (component.component ? { type: 18, id: component.id ?? 1, component: value } : { type: 1, id: component.id ?? 1, components: [value] });
  return { element, read: async (upload) => wrap({ type: inner.type, id: inner.id ?? 1, custom_id: inner.custom_id, ...(await control.value(upload)) }) };
}

function make(inner) {
  if (inner.type === 19) {
    const element = el("input", { type: "file", multiple: (inner.max_values ?? 1) > 1, required: inner.required });
    return { element, value: async (upload) => ({ values: await Promise.all([...element.files].map(async (each) => (await upload(each)).id)) }) };
  }
  if (inner.type === 3) {
    const element = el("select", {}, inner.options.map((each) => el("option", { value: each.value, selected: each.default }, each.label)));
    return { element, value: async () => ({ values: [element.value] }) };
  }
  const shared = { required: inner.required ?? true, placeholder: inner.placeholder ?? "", value: inner.value ?? "", "data-testid": `field-${inner.custom_id}` };
  const element = inner.style === 2 ? el("textarea", shared) : el("input", shared);
  if (inner.max_length) element.maxLength = inner.max_length;
  return { element, value: async () => ({ value: element.value }) };
}
