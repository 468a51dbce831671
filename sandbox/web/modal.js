// A form that the bot opened. It stays open until the bot accepts it.

import { el } from "./dom.js";
import { Picker } from "./picker.js";
import { failure, text } from "./texts.js";

/** `send(components)` submits it and returns the outcome; `upload(file)` stores a file. */
export function ask(modal, dialog, { upload, send, world }) {
  const fields = modal.components.map((each) => field(each, world));
  const fault = el("p.fault", { role: "alert", hidden: true });
  const submit = el("button.primary", { type: "submit", "data-testid": "submit" }, text("submit"));
  const complain = (sentence) => { fault.textContent = sentence; fault.hidden = !sentence; };
  const form = el("form", { method: "dialog" }, el("h2", {}, modal.title), fields.map((each) => each.element), fault,
    el("menu", {}, el("button", { type: "button", onclick: () => dialog.close() }, text("cancel")), submit));
  form.onsubmit = async (event) => {
    event.preventDefault();
    const missing = fields.find((each) => each.missing?.());
    if (missing) return complain(text("required", { option: missing.label }));
    submit.disabled = true;
    complain("");
    try {
      const outcome = await send(await Promise.all(fields.map((each) => each.read(upload))));
      if (outcome.t === "FAILED") complain(failure(outcome.d.reason));
      else dialog.close();
    } catch (error) {
      complain(error.message);
    }
    submit.disabled = false;
    return undefined;
  };
  dialog.replaceChildren(form);
  dialog.showModal();
}

function field(component, world) {
  if (component.type === 10) return { element: el("p", {}, component.content), read: async () => ({ type: 10, id: component.id ?? 1 }) };
  const inner = component.component ?? component.components[0];
  const label = component.label ?? inner.label ?? "";
  const control = make(inner, world);
  const tag = control.element.matches("input, textarea") ? "label" : "div";
  const element = el(`${tag}.field`, {}, label, component.description && el("small", {}, component.description), control.element);
  const wrap = (value) => (component.component ? { type: 18, id: component.id ?? 1, component: value } : { type: 1, id: component.id ?? 1, components: [value] });
  const read = async (upload) => wrap({ type: inner.type, id: inner.id ?? 1, custom_id: inner.custom_id, ...(await control.value(upload)) });
  return { element, label, read, missing: control.missing };
}

function make(inner, world) {
  switch (inner.type) {
    case 3: case 5: case 6: case 7: case 8: return select(inner, world);
    case 19: return file(inner);
    case 21: return radios(inner);
    case 22: return boxes(inner);
    case 23: return box(inner);
    default: return words(inner);
  }
}

function select(inner, world) {
  const required = inner.required ?? true;
  const picker = new Picker({ ...inner, min_values: required ? inner.min_values ?? 1 : 0 }, world);
  return { element: picker.element, value: async () => ({ values: picker.values }), missing: () => required && picker.values.length < picker.least };
}

function file(inner) {
  const element = el("input", { type: "file", multiple: (inner.max_values ?? 1) > 1, required: inner.required ?? true });
  const most = inner.max_values ?? 1;
  element.onchange = () => element.setCustomValidity(element.files.length > most ? text("toomanyfiles", { most }) : "");
  return { element, value: async (upload) => ({ values: await Promise.all([...element.files].map(async (each) => (await upload(each)).id)) }) };
}

function choice(kind, inner, each, required) {
  const control = el("input", { type: kind, name: inner.custom_id, value: each.value, checked: each.default, required });
  return el("label.choice", {}, control, el("span", {}, each.label, each.description && el("small", {}, each.description)));
}

function chosen(element) {
  return [...element.querySelectorAll("input:checked")].map((each) => each.value);
}

function radios(inner) {
  const element = el("div", { role: "radiogroup" }, inner.options.map((each) => choice("radio", inner, each, inner.required ?? true)));
  return { element, value: async () => ({ value: chosen(element)[0] ?? null }) };
}

function boxes(inner) {
  const element = el("div", { role: "group" }, inner.options.map((each) => choice("checkbox", inner, each, false)));
  const least = inner.required ?? true ? inner.min_values ?? 1 : 0;
  return { element, value: async () => ({ values: chosen(element) }), missing: () => chosen(element).length < least };
}

function box(inner) {
  const element = el("input.single", { type: "checkbox", checked: inner.default });
  return { element, value: async () => ({ value: element.checked }) };
}

function words(inner) {
  const shared = { required: inner.required ?? true, placeholder: inner.placeholder ?? "", value: inner.value ?? "", "data-testid": `field-${inner.custom_id}` };
  const element = inner.style === 2 ? el("textarea", shared) : el("input", shared);
  if (inner.max_length) element.maxLength = inner.max_length;
  if (inner.min_length) element.minLength = inner.min_length;
  return { element, value: async () => ({ value: element.value }) };
}
