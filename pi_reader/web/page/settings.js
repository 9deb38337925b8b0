// The settings, section by section, each checked by the box as it checks the file.

import { request } from "./api.js";
import { button, complain, fit, h, put, say } from "./dom.js";
import { has, language, t } from "./text.js";

/** The settings with the mark that tells whether they changed meanwhile. */
export async function load() {
  const { content, headers } = await request("GET", "settings");
  return { ...content, etag: headers.get("ETag") };
}

/** Changes some; gives the settings as they are then. Throws Refused, 412 if they changed meanwhile. */
export async function change(changes, etag) {
  const { content, headers } = await request("PATCH", "settings", { body: changes, headers: { "If-Match": etag }, patience: 60000 });
  return { ...content, etag: headers.get("ETag") };
}

const nameOf = (section, key) => (has(`set.${section}.${key}`) ? t(`set.${section}.${key}`) : key.replaceAll("_", " "));

/** A field for a setting. read: gives its value, throws Error for what is none. */
function field(section, key) {
  const value = key.value;
  const id = `${section}.${key.name}`;
  const named = { id, name: id, disabled: !key.editable, "aria-describedby": `${id}-help` };
  if (key.type === "bool") {
    const made = h("input", { type: "checkbox", ...named, checked: Boolean(value) });
    return { made, read: () => made.checked, label: h("label", { class: "tick" }, made, h("span", {}, nameOf(section, key.name))) };
  }
  let made;
  let read;
  if (key.choices) {
    made = h("select", named, key.choices.map((one) => h("option", { value: JSON.stringify(one), selected: one === value }, has(`choice.${one}`) ? t(`choice.${one}`) : String(one))));
    read = () => JSON.parse(made.value);
  } else if (key.type === "int" || key.type === "float") {
    made = h("input", { type: "text", inputmode: "decimal", ...named, value: String(value ?? "") });
    read = () => {
      const said = made.value.trim().replace(",", ".");
      if (!/^-?[0-9]+(\.[0-9]+)?$/.test(said)) throw new Error(t("set.number"));
      return Number(said);
    };
  } else if (key.type === "text" || key.type === "clock") {
    made = h("input", { type: key.type === "clock" ? "time" : "text", ...named, value: String(value ?? "") });
    read = () => made.value;
  } else {
    made = h("input", { type: "text", ...named, value: JSON.stringify(value) });
    read = () => {
      try {
        return JSON.parse(made.value);
      } catch {
        throw new Error(t("set.list"));
      }
    };
  }
  return { made, read, label: h("label", {}, h("span", {}, nameOf(section, key.name)), made) };
}

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export function show(main) {
  const room = h("div", { class: "stack" });
  put(main, h("p", { class: "soft" }, t("settings.why")), room);
  let held = null;

  async function refresh(open = []) {
    held = await load();
    draw(open);
  }

  function draw(open = []) {
    fit(room,
      held.trouble && h("p", { class: "banner" }, held.trouble),
      held.sections.filter((section) => section.keys?.some((key) => key.editable)).map((section) => {
        const fields = section.keys.filter((key) => key.editable).map((key) => ({ key, ...field(section.name, key) }));
        const fixed = section.keys.filter((key) => !key.editable);
        const form = h("form", { class: "stack", novalidate: true, onsubmit: (event) => {
          event.preventDefault();
          save(section.name, fields, form).catch(complain);
        } },
        fields.map(({ key, label }) => h("div", {}, label,
          h("p", { class: "soft small", id: `${section.name}.${key.name}-help` }, has(`help.${section.name}.${key.name}`) ? t(`help.${section.name}.${key.name}`) : "", " ",
            key.page !== undefined && h("span", { class: "tag" }, t("settings.page"))),
          h("p", { class: "wrong", role: "alert", "data-for": `${section.name}.${key.name}` }))),
        fixed.length && h("p", { class: "soft small" }, t("settings.fixed", { keys: fixed.map((key) => `${key.name} = ${JSON.stringify(key.value)}`).join(", ") })),
        h("div", { class: "row end" },
          fields.some(({ key }) => key.page !== undefined) && button(t("settings.back"), () => back(section.name, fields)),
          h("button", { type: "submit", class: "main" }, t("save"))));
        return h("details", { class: "card", open: open.includes(section.name), "data-section": section.name },
          h("summary", {}, has(`section.${section.name}`) ? t(`section.${section.name}`) : section.name), form);
      }));
  }

  const openOnes = () => [...room.querySelectorAll("details[open]")].map((each) => each.dataset.section);

  async function save(section, fields, form) {
    const changes = {};
    let wrong = null;
    for (const { key, made, read } of fields) {
      const name = `${section}.${key.name}`;
      tellWrong(form, name, made, "");
      try {
        const value = read();
        if (!same(value, key.value)) changes[name] = value;
      } catch (error) {
        wrong ??= made;
        tellWrong(form, name, made, error.message);
      }
    }
    if (wrong) return wrong.focus();
    if (!Object.keys(changes).length) return say(t("settings.same"));
    await send(changes, section, fields, form);
  }

  const back = (section, fields) => send(Object.fromEntries(fields.filter(({ key }) => key.page !== undefined).map(({ key }) => [`${section}.${key.name}`, null])), section, fields, null);

  async function send(changes, section, fields, form) {
    const open = openOnes();
    try {
      held = await change(changes, held.etag);
    } catch (error) {
      if (error.status === 412) {
        const typed = Object.fromEntries(fields.map(({ made }) => [made.id, made.type === "checkbox" ? made.checked : made.value]));
        await refresh(open);
        for (const [id, value] of Object.entries(typed)) {
          const made = document.getElementById(id);
          if (made) made[made.type === "checkbox" ? "checked" : "value"] = value;
        }
        return say(t("settings.meanwhile"), "bad");
      }
      const found = fields.find(({ key }) => `${section}.${key.name}` === error.key);
      if (!found || !form) throw error;
      tellWrong(form, error.key, found.made, [error.line, ...(error.hint ?? [])].join(" "), "en");
      return found.made.focus();
    }
    draw(open);
    say(t("settings.saved"));
    room.querySelector(`[data-section="${section}"] summary`)?.focus();
  }

  refresh().catch(complain);
}

function tellWrong(form, name, made, line, lang = language) {
  Object.assign(form.querySelector(`[data-for="${name}"]`), { textContent: line, lang });
  if (line) made.setAttribute("aria-invalid", "true");
  else made.removeAttribute("aria-invalid");
}

