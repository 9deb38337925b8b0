// What the box sees and reads at this moment; a tap on a digit teaches it.

import { get, live, post } from "./api.js";
import { button, fit, h, icon, put, say, seenAs, told } from "./dom.js";
import { may, who } from "./app.js";
import { Picture, digitsOf, isTaught, wordsFor } from "./picture.js";
import { percent, t } from "./text.js";

export function show(main) {
  const room = h("div", { class: "reading" });
  const spoken = h("p", { class: "hidden", role: "status" });
  const values = h("dl", { class: "facts" });
  const fault = h("p", { class: "banner", hidden: true });
  const buttons = h("div", { class: "row" });
  const picture = who.can.includes("picture") ? new Picture({ boxes: true, pick }) : null;
  const learned = new Set(); // "event place" of what was taught here
  let drawn = "";
  let latest = null;

  async function pick(digit, place, view) {
    if (!may("pupil")) return say(t("teach.not.yours"), "fair");
    if (view.event === null) return say(t("teach.wait"), "fair");
    const { teach } = await import("./pad.js");
    const said = await teach(view.event, place, digit, picture?.crop(digit.box));
    if (said === null) return;
    learned.add(`${view.event} ${place}`);
    drawn = "";
    draw(latest);
  }

  function one(digit, place, view, of) {
    const taught = isTaught(digit) || learned.has(`${view.event} ${place}`);
    const bar = h("i");
    bar.style.width = percent(digit.confidence);
    const label = digit.sure ? digit.label : "?";
    return button(seenAs(wordsFor(digit, place, of),
      h("span", { class: "big" }, label),
      h("span", { class: "meter" }, bar),
      h("span", { class: "or" }, percent(digit.confidence)),
      h("span", { class: "or" }, taught ? t("taught") : digit.sure ? t("or", { digit: digit.runner_up[0] }) : t("or.two", { digit: digit.label, other: digit.runner_up[0] })),
    ), () => pick(digit, place, view), {
      class: `digit ${digit.sure ? "" : "unsure"} ${taught ? "taught" : ""}`, "data-place": place,
    });
  }

  function draw(view) {
    latest = view;
    const digits = digitsOf(view?.reading);
    const plain = digits.length ? "" : view?.text ?? "";
    const key = JSON.stringify([plain, view?.event, digits.map((digit) => [digit.label, digit.sure, Math.round(20 * digit.confidence), digit.reason])]);
    if (key === drawn) return;
    drawn = key;
    const focused = room.contains(document.activeElement) ? document.activeElement.dataset.place : null;
    let place = 0;
    if (plain) fit(room, plain.split("\n").map((line) => h("p", { class: "alone" }, line)));
    else if (!digits.length) fit(room, h("p", { class: "nothing" }, t("nothing.there")));
    else {
      fit(room, view.reading.lines.map((line) => h("div", { class: "line" },
        [...line.digits, ...(line.signs ?? [])].sort((a, b) => middle(a) - middle(b)).map((mark) =>
          "sign" in mark ? h("span", { class: "sign" }, mark.sign) : one(mark, place++, view, digits.length)))));
      put(room, h("p", { class: "soft small" }, t(may("pupil") ? "teach.hint" : "teach.not.yours")));
    }
    if (focused !== null) room.querySelector(`[data-place="${focused}"]`)?.focus();
    const words = (view?.reading?.text || plain).replaceAll("\n", ", ") || t("nothing");
    if (spoken.textContent !== words) spoken.textContent = words;
  }

  function tell(state) {
    const trouble = state.running === false ? state.problem : state.status?.fault;
    fault.hidden = !trouble;
    if (fault.dataset.line !== trouble) {
      fault.dataset.line = trouble ?? "";
      fit(fault, icon("look"), told(trouble));
    }
    fit(values, Object.entries(state.numbers ?? {}).map(([name, value]) => h("div", {}, h("dd", {}, valueOf(value)), h("dt", {}, name, value?.verdict && value.verdict !== "good" ? ` · ${t(`verdict.${value.verdict}`)}` : ""))));
    values.hidden = !values.childElementCount;
    if (may("pupil")) arrange(Boolean(state.status?.frozen));
    if (!picture) get("reading").then((told) => draw(told.reading ? told : { ...told, text: state.status?.text }), () => {});
  }

  function arrange(frozen) {
    if (buttons.dataset.frozen === String(frozen)) return;
    buttons.dataset.frozen = frozen;
    fit(buttons,
      button(t("read.now"), async () => {
        const answer = await post("read", {}, { patience: 60000 });
        say(t("read.done", { text: answer.text.split(/\s+/).join("  ") || t("nothing") }));
      }),
      button([icon(frozen ? "go" : "hold"), t(frozen ? "display.release" : "display.freeze")], () => post("display", { do: frozen ? "release" : "freeze" }), { "aria-pressed": String(frozen) }),
      button(t("display.identify"), async () => {
        await post("display", { do: "identify" });
        say(t("display.identified"));
      }));
  }

  put(main, fault, h("div", { class: "two" },
    picture?.element,
    h("section", { class: "card", "aria-label": t("reading") }, room, spoken, values, buttons)));
  draw(null);
  const ends = [live.on("state", tell), picture ? live.on("view", draw) : () => {}];
  return () => {
    ends.forEach((end) => end());
    picture?.close();
  };
}

const middle = (mark) => mark.box[0] + mark.box[2] / 2;

/** A named value as it is shown: with its unit, – where there is none. */
const valueOf = (value) => value === null ? "–" : typeof value === "object" ? `${value.value || value.last || "–"} ${value.unit ?? ""}` : String(value);
