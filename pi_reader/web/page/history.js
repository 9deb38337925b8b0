// What was read before: a list, the digits of each reading, and a curve of the values.

import { get, live, url } from "./api.js";
import { button, fit, h, put, seenAs } from "./dom.js";
import { may } from "./app.js";
import { chart } from "./chart.js";
import { teach } from "./pad.js";
import { clock, day, percent, t } from "./text.js";

const AT_ONCE = 50;
const CURVE = 3; // values that make a curve

/** The number that stands on a line of a reading, null if it is none. */
export function valueOn(line, text) {
  const written = text.split("\n")[line]?.replace(",", ".");
  return written && /^-?[0-9]+(\.[0-9]+)?$/.test(written) ? Number(written) : null;
}

/** The readings that are of the kind most of them are: as many lines, as many decimals on this one.
 *  Otherwise the year on one page and the temperature on the next would make a curve. */
export function alike(line, readings) {
  const kinds = new Map();
  for (const one of readings) {
    if (valueOn(line, one.text) === null) continue;
    const lines = one.text.split("\n");
    const kind = `${lines.length} ${lines[line].split(/[.,]/)[1]?.length ?? 0}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), one]);
  }
  return [...kinds.values()].sort((a, b) => b.length - a.length)[0] ?? [];
}

export function show(main) {
  const list = h("ol", { class: "list" });
  const curve = h("section", { class: "card", "aria-label": t("history.values"), hidden: true });
  const none = h("p", { class: "nothing" }, t("wait"));
  const onward = button(t("history.more"), () => load(readings.at(-1)?.number), { hidden: true });
  const entries = new Map(); // what is shown of each, by its number
  let readings = [];
  let line = 0;
  let drawn = null;

  async function load(before) {
    const answer = await get(`readings?count=${AT_ONCE}${before ? `&before=${before}` : ""}`);
    onward.hidden = !answer.more;
    add(answer.readings);
  }

  /** Takes readings into the list, newest first. Those that are there stay as they are, open or not. */
  function add(found) {
    readings = [...readings, ...found.filter((one) => !entries.has(one.number))].sort((a, b) => b.number - a.number);
    for (const one of found) if (!entries.has(one.number)) entries.set(one.number, entry(one));
    const held = list.contains(document.activeElement) ? document.activeElement : null;
    let last = "";
    fit(list, readings.map((one) => {
      const name = day(one.when);
      const isNew = name !== last;
      last = name;
      return [isNew && h("li", {}, h("h2", {}, name)), entries.get(one.number)];
    }));
    held?.focus({ preventScroll: true });
    none.hidden = readings.length > 0;
    none.textContent = t("history.none");
    draw();
  }

  function draw() {
    drawn?.close();
    drawn = null;
    const timed = readings.filter((one) => one.when > 0);
    const lines = [0, 1, 2, 3].filter((each) => alike(each, timed).length >= CURVE);
    curve.hidden = !lines.length;
    if (!lines.length) return;
    if (!lines.includes(line)) [line] = lines;
    const points = alike(line, timed).map((one) => ({ when: one.when, value: valueOn(line, one.text), sure: one.sure })).sort((a, b) => a.when - b.when);
    const name = lines.length > 1 ? t("history.line", { n: line + 1 }) : t("history.values");
    drawn = chart(name, points);
    fit(curve, h("div", { class: "row apart" }, h("h2", {}, name),
      lines.length > 1 && h("div", { class: "filter", role: "group", "aria-label": t("history.pick") }, lines.map((each) => button(String(each + 1), () => {
        line = each;
        draw();
      }, { "aria-pressed": String(each === line), "aria-label": t("history.line", { n: each + 1 }) })))), drawn.element);
  }

  function entry(reading) {
    const room = h("div", { hidden: true });
    const press = button([
      h("span", { class: "what" }, reading.text.split("\n").join("   ")),
      h("span", {}, !reading.sure && h("span", { class: "tag fair" }, t("unsure")), " ", h("time", {}, `${clock(reading.when)} · ${percent(reading.confidence)}`)),
    ], async () => {
      const open = room.hidden;
      if (open && !room.childElementCount) await details(reading.number, room);
      room.hidden = !open;
      press.setAttribute("aria-expanded", String(open));
    }, { class: "past", "aria-expanded": "false" });
    return h("li", {}, press, room);
  }

  async function details(number, room) {
    const found = await get(`readings/${number}`);
    const first = h("p", { class: "soft small" }, t("history.number", { n: number }));
    if (!found.digits.length) return fit(room, first, h("p", { class: "soft small" }, t("history.gone")));
    fit(room, first, h("div", { class: "sheet" }, found.digits.map((digit, place) => {
      const label = h("b", {}, digit.sure ? digit.label : `${digit.label}?`);
      const picture = digit.picture && (() => h("img", { src: digit.picture, alt: "" }));
      return button(seenAs(t("digit.short", { place: place + 1, label: digit.label, share: percent(digit.confidence) }),
        picture?.(), label, h("span", { class: "soft small" }, percent(digit.confidence))), async () => {
        if (!may("pupil")) return;
        const large = picture?.();
        if (large) large.className = "crop";
        const said = await teach(number, place, digit, large);
        if (said !== null) fit(label, said === "none" ? "–" : said, " ✓");
      });
    })), may("pupil") && h("p", { class: "soft small" }, t("history.teach")));
  }

  put(main, curve,
    h("section", { class: "card", "aria-label": t("screen.history") },
      h("div", { class: "row apart" }, h("h2", {}, t("history.list")), h("a", { class: "button", href: url("readings.csv"), download: "readings.csv" }, t("history.csv"))),
      none, list, onward));
  load();
  // The card may have a reading half a minute later than the box tells of it.
  const end = live.on("state", ({ status }) => {
    const last = status?.last;
    if (last?.event && readings.length && !entries.has(last.event)) add([{ ...last, number: last.event }]);
  });
  return () => {
    end();
    drawn?.close();
  };
}
