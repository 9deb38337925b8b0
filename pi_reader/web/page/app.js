// Begins: finds out who looks, then shows a screen by the address behind the #.

import { get, live, onLost, post, remove } from "./api.js";
import { button, complain, fit, h, icon } from "./dom.js";
import { has, language, loadWords, t } from "./text.js";

const SCREENS = ["now", "history", "learning", "aim", "fields", "settings", "health"];
const AGAIN = 5000; // milliseconds until a box that did not answer is asked once more
const ON_THE_BAR = 4; // the others are behind "more" on a phone
const NEEDS = { now: "reading", history: "reading", learning: "pupil", aim: "pupil", health: "pupil" };

/** Whom the box takes us for. can: what that one may, of "reading", "picture", "pupil", "owner". */
export const who = { role: "guest", can: [], name: "pi-reader", pairing: {} };

/** Whether whoever looks may do what needs that level. */
export const may = (level) => who.can.includes(level);

let leave = () => {};
let shown = 0;
let retry = 0;

async function start() {
  await loadWords();
  onLost(() => {
    if (who.role === "guest") return; // who could not be told apart before is not asked again
    who.role = "guest";
    recognise();
  });
  addEventListener("hashchange", () => visit());
  addEventListener("unhandledrejection", (event) => complain(event.reason));
  live.on("connected", banner);
  live.on("connected", async (there) => {
    const now = there ? null : await get("session").catch(() => null);
    if (now && now.role !== who.role) await recognise(); // it is there, but knows us no more
  });
  live.on("state", banner);
  await recognise();
}

/** Asks the box who it takes us for, and shows what that one may see. */
export async function recognise() {
  clearTimeout(retry);
  const code = takeCode();
  let wrong = null;
  try {
    if (code) await post("session", { code }).catch((error) => (wrong = error));
    Object.assign(who, await get("session"));
  } catch (error) {
    return unreachable(error);
  }
  const isNew = who.role === "guest" && !localStorage.getItem("led") && !localStorage.getItem("looks");
  if (isNew || !may("reading")) {
    await signIn();
    if (wrong) complain(wrong);
    return;
  }
  frame();
  live.start();
  visit();
}

const onward = () => (localStorage.getItem("led") ? "#/now" : "#/first");

/** The code that a QR picture put behind the #, which never travels to the box by itself. */
function takeCode() {
  const found = location.hash.match(/^#code=([0-9]{6})$/);
  if (found) history.replaceState(null, "", location.pathname + onward());
  return found?.[1];
}

function unreachable(error) {
  fit(document.getElementById("app"), h("div", { class: "first" }, h("main", { class: "card" },
    h("h1", {}, t("offline.title")), h("p", {}, error.message), button(t("again"), recognise, { class: "main" }))), notes());
  retry = setTimeout(recognise, AGAIN);
}

const notes = () => h("div", { id: "notes", role: "status", "aria-live": "polite" });

/** Shows only what is needed to be let in. */
export async function signIn() {
  leave();
  live.stop();
  const { pair } = await import("./first.js");
  const room = h("main", { class: "card", id: "main" });
  fit(document.getElementById("app"), h("div", { class: "first" }, room), notes());
  leave = pair(room, async () => {
    history.replaceState(null, "", onward());
    await recognise();
  }) ?? (() => {});
}

export async function signOut() {
  await remove("session");
  await recognise();
}

const allowed = () => SCREENS.filter((name) => may(NEEDS[name] ?? "owner"));

function frame() {
  if (document.getElementById("main") && document.querySelector("nav.bar")) return draw();
  fit(document.getElementById("app"),
    h("a", { class: "skip", href: "#main", onclick: (event) => {
      event.preventDefault();
      document.querySelector("main h1")?.focus();
    } }, t("skip")),
    h("div", { class: "frame" },
      h("header", {}, h("span", { class: "name" }, who.name), h("span", { class: "light", id: "light" })),
      h("main", { id: "main" }),
      h("nav", { class: "bar", "aria-label": t("nav") })),
    notes());
  draw();
  banner();
}

function draw() {
  const open = allowed();
  const link = (name, kind) => h("a", { href: `#/${name}`, class: kind }, icon(name), h("span", {}, t(`screen.${name}`)));
  const many = open.length > ON_THE_BAR + 1;
  fit(document.querySelector("nav.bar"),
    open.map((name, place) => link(name, many && place >= ON_THE_BAR ? "rest" : "")),
    h("a", { href: "#/more", class: many ? "more" : "more rest" }, icon("more"), h("span", {}, t("screen.more"))),
    many ? null : link("more", ""));
  if (!many) document.querySelector("nav.bar .more").remove();
  mark();
}

function mark() {
  const name = address();
  const rest = allowed().indexOf(name) >= ON_THE_BAR;
  for (const link of document.querySelectorAll("nav.bar a")) {
    const target = link.getAttribute("href").slice(2);
    if (target === name || (target === "more" && rest)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

const address = () => location.hash.match(/^#\/([a-z]+)/)?.[1] ?? "now";

/** Shows the screen that the address names. */
async function visit() {
  const name = address();
  const main = document.getElementById("main");
  if (!main || !document.querySelector("nav.bar")) return;
  const known = name === "more" || (name === "first" ? may("owner") : allowed().includes(name));
  if (!known) return location.replace("#/now");
  const visit = ++shown;
  const module = name === "more" ? { show: more } : await import(`./${name}.js`);
  if (visit !== shown) return;
  leave();
  const title = t(`screen.${name}`);
  fit(main, h("h1", { tabindex: "-1" }, title));
  leave = module.show(main) ?? (() => {});
  mark();
  settle(main, title);
}

function settle(main, title) {
  document.title = `${title} · ${who.name}`;
  scrollTo(0, 0);
  if (settle.before) main.querySelector("h1")?.focus({ preventScroll: true });
  settle.before = true;
}

/** What is left of the bar on a phone: other screens, language, leaving. */
function more(main) {
  const rest = allowed().slice(ON_THE_BAR);
  const other = language === "en" ? "de" : "en";
  main.append(
    rest.length && h("ul", { class: "card list choices" }, rest.map((name) =>
      h("li", {}, h("a", { href: `#/${name}` }, icon(name), h("b", {}, t(`screen.${name}`)), h("span", { class: "soft small" }, t(`about.${name}`)))))) || "",
    h("div", { class: "card" },
      h("p", {}, t("you.are", { role: t(`role.${who.role}`) })),
      h("div", { class: "row" },
        button(other === "de" ? "Deutsch" : "English", () => {
          localStorage.setItem("language", other);
          location.reload();
        }, { lang: other }),
        may("owner") && h("a", { class: "button", href: "#/first" }, t("first.again")),
        may("pupil") ? button(t("sign.out"), signOut) : button(t("sign.in"), signIn, { class: "main" }))));
}

/** The light at the top: whether the box is there, and how it is. */
function banner() {
  const light = document.getElementById("light");
  if (!light) return;
  const told = live.last.state;
  const state = told?.status;
  let kind = "good";
  let words = t("state.reading");
  if (live.connected === false) [kind, words] = ["bad", t("offline")];
  else if (!told) [kind, words] = ["", t("wait")];
  else if (!told.running) [kind, words] = ["bad", t("state.stopped")];
  else if (state?.fault) [kind, words] = ["fair", t("state.fault")];
  else if (has(`state.${state?.state}`)) {
    words = t(`state.${state.state}`);
    if (["too dark", "glare", "out of focus", "unsure"].includes(state.state)) kind = "fair";
  }
  light.className = `light ${kind}`;
  if (light.textContent !== words) light.textContent = words;
}

start().catch(unreachable);
