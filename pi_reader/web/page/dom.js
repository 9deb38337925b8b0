// Makes elements. Nothing here puts text into the page as markup, so nothing that was read, taught
// or named can become any.

import { language, t, translated } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";

function fill(element, values, children) {
  for (const [name, value] of Object.entries(values ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, each] of Object.entries(value)) element.style.setProperty(key, each);
    else if (name in element && !(element instanceof SVGElement) && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  put(element, ...children);
  return element;
}

/** An element of the page. values: attributes; `on...` are listeners; style is a table. */
export const h = (name, values, ...children) => fill(document.createElement(name), values, children);

/** An element of a drawing. */
export const s = (name, values, ...children) => fill(document.createElementNS(SVG, name), values, children);

/** Adds what is there; null and false are left out, lists are taken apart. */
export function put(element, ...children) {
  for (const child of children.flat(Infinity)) if (child || child === 0) element.append(child);
  return element;
}

/** Shows these instead of what an element holds. */
export function fit(element, ...children) {
  element.replaceChildren();
  return put(element, ...children);
}

const ICONS = {
  now: "M12 5c5 0 8.5 4.5 9.5 7-1 2.5-4.5 7-9.5 7s-8.5-4.5-9.5-7C3.5 9.5 7 5 12 5zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  history: "M3.5 12a8.5 8.5 0 1 0 2.700-6.200L3.5 8M3.5 3.5V8H8M12 7.5V12l3 2",
  learning: "M12 4 2 9l10 5 10-5zM6 11.5V16c2 2 4 3 6 3s4-1 6-3v-4.5M22 9v6",
  aim: "M12 2v5M12 17v5M2 12h5M17 12h5M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14z",
  fields: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M8.5 10.5h7M8.5 13.5h4.5",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  health: "M2.5 12h5l2.5-7 4 14 2.5-7h5",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  check: "m5 12.5 4.5 4.5L19 7.5",
  look: "M12 8v5M12 16.5h.01M12 3 2.5 20h19z",
  cross: "m6 6 12 12M18 6 6 18",
  absent: "M6 12h12",
  hold: "M9 5v14M15 5v14",
  go: "m8 5 11 7-11 7z",
};

/** A small picture beside words; says nothing by itself. */
export function icon(name) {
  const path = s("path", { d: ICONS[name] });
  return s("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, path);
}

/** What a button shows to the eye, and what it says to the ear. */
export const seenAs = (words, ...shown) => [h("span", { class: "hidden" }, words), h("span", { class: "shown", "aria-hidden": "true" }, shown)];

/** A button; what it does may take a while, during which it is off. */
export function button(label, press, values) {
  const made = h("button", { type: "button", ...values, onclick: async (event) => {
    if (made.getAttribute("aria-disabled") === "true") return;
    made.setAttribute("aria-disabled", "true");
    try {
      await press(event);
    } catch (error) {
      complain(error);
    } finally {
      made.removeAttribute("aria-disabled");
    }
  } }, label);
  return made;
}

/** A line that the box says. */
export function told(line) {
  const [words, lang] = translated(line ?? "");
  return h("span", { lang: lang === language ? null : lang }, words);
}

const notes = () => document.getElementById("notes");

/** A line that shows for some seconds, and is read out. */
export function say(line, kind = "good") {
  const note = h("p", { class: `note ${kind}` }, line);
  const room = notes();
  while (room.childElementCount > 2) room.firstChild.remove();
  room.append(note);
  setTimeout(() => note.remove(), kind === "bad" ? 9000 : 4000);
}

/** What went wrong, in a line. */
export function complain(error) {
  if (error?.name === "AbortError" || error?.told) return;
  if (!error?.status) console.error(error);
  say(error?.status ? error.message : t("error.ours", { why: error?.message ?? error }), "bad");
}

/** A dialogue over the page. build: gets a function that closes it with an answer; gives its parts.
 *  Resolves to the answer, null when it was left with Escape or by a tap beside it. */
export function ask(title, build) {
  return new Promise((resolve) => {
    const box = h("dialog", { "aria-labelledby": "asked" });
    let answer = null;
    const close = (value) => {
      answer = value;
      box.close();
    };
    put(box, h("h2", { id: "asked" }, title), build(close, box));
    box.addEventListener("click", (event) => {
      if (event.target === box) box.close();
    });
    box.addEventListener("close", () => {
      box.remove();
      resolve(answer);
    });
    document.body.append(box);
    box.showModal();
  });
}

/** Whether to do something that cannot be taken back. */
export const sure = (question, yes, danger = true) =>
  ask(question, (close) => h("div", { class: "row end" },
    button(t("cancel"), () => close(false)),
    button(yes, () => close(true), { class: danger ? "danger" : "main" })));
