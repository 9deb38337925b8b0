// The first visit: pair, aim, light, write a line, done.

import { live, post } from "./api.js";
import { button, fit, h, icon, put } from "./dom.js";
import { Measuring, advice, gauges } from "./aim.js";
import { may, who } from "./app.js";
import { Picture, digitsOf } from "./picture.js";
import { span, t } from "./text.js";

const LINE = "0123456789";

const brand = () => h("p", { class: "brand" }, h("img", { src: new URL("./icon.svg", import.meta.url), alt: "" }), who.name);

const steps = (at) => h("ol", { class: "steps", "aria-hidden": "true" }, ["pair", "aim", "light", "write", "done"].map((name, place) => h("li", { class: place <= at ? "done" : "" })));

/** Asks for the six digits that the box shows. done: called when they were right. */
export function pair(room, done) {
  const wrong = h("p", { class: "wrong", id: "wrong", role: "alert" });
  const told = h("p", { class: "soft", id: "told" }, who.pairing.seconds ? t("pair.shown") : t("pair.ask"));
  const field = h("input", {
    class: "code", id: "code", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "6", pattern: "[0-9]*", "aria-describedby": "told wrong",
    oninput: () => {
      field.value = field.value.replace(/[^0-9]/g, "");
      if (field.value.length === 6) form.requestSubmit();
    },
  });
  let ticking = 0;

  const form = h("form", { class: "stack", onsubmit: async (event) => {
    event.preventDefault();
    if (field.value.length !== 6 || field.readOnly) return;
    field.readOnly = true;
    try {
      await post("session", { code: field.value });
      clearInterval(ticking);
      await done();
    } catch (error) {
      refused(error);
    } finally {
      field.readOnly = false;
    }
  } });

  function refused(error) {
    field.value = "";
    field.setAttribute("aria-invalid", "true");
    field.focus();
    if (error.status === 401 && error.body.guesses > 0) wrong.textContent = t(error.body.guesses === 1 ? "pair.wrong.one" : "pair.wrong", { n: error.body.guesses });
    else if (error.status === 401 || error.status === 410) wrong.textContent = t("pair.gone");
    else if (error.status === 429) locked(error.wait);
    else wrong.textContent = error.message;
  }

  function locked(seconds) {
    const until = Date.now() + 1000 * seconds;
    const tick = () => {
      const left = (until - Date.now()) / 1000;
      wrong.textContent = left > 0 ? t("pair.locked", { span: span(left) }) : "";
      if (left <= 0) clearInterval(ticking);
    };
    clearInterval(ticking);
    ticking = setInterval(tick, 1000);
    tick();
  }

  const asking = button(t("pair.show"), async () => {
    wrong.textContent = "";
    try {
      const answer = await post("pairing");
      told.textContent = t("pair.shown", { span: span(answer.seconds) });
      field.removeAttribute("aria-invalid");
      field.focus();
    } catch (error) {
      if (error.status === 429) locked(error.wait);
      else wrong.textContent = error.message;
    }
  });
  put(form,
    h("label", { for: "code" }, h("span", {}, t("pair.code")), field), wrong,
    h("button", { type: "submit", class: "main" }, t("pair.go")));
  put(room, brand(), steps(0), h("h1", { tabindex: "-1" }, t("pair.title")), told, asking, form,
    may("reading") && button(t("pair.without"), () => {
      localStorage.setItem("looks", "1");
      location.reload();
    }, { class: "plain" }),
    h("p", { class: "soft small" }, t("pair.plain")));
  document.title = `${t("pair.title")} · ${who.name}`;
  if (who.pairing.locked) locked(who.pairing.locked);
  return () => clearInterval(ticking);
}

/** Leads from the paired phone to a box that reads. */
export function show(main) {
  let close = () => {};
  const room = h("section", { class: "card" });

  function step(at, build) {
    close();
    const name = ["", "aim", "light", "write", "done"][at];
    fit(room, steps(at), h("h2", { tabindex: "-1" }, t(`first.${name}`)), h("p", {}, t(`first.${name}.how`)));
    close = build() ?? (() => {});
    room.querySelector("h2").focus({ preventScroll: true });
  }

  const onward = (next, label = t("next")) => h("div", { class: "row apart" },
    button(t("first.leave"), leave, { class: "plain" }), button(label, next, { class: "main" }));

  function leave() {
    localStorage.setItem("led", "1");
    location.hash = "#/now";
  }

  function measured(scale, isWell, next) {
    const picture = new Picture();
    const scales = gauges();
    const line = h("p", { class: "advice", role: "status" });
    const measuring = new Measuring((values, error) => {
      scales.set(values);
      const words = error ? error.message : isWell(values) ? t("first.well") : advice(values);
      line.className = `advice ${!error && isWell(values) ? "good" : "fair"}`;
      if (line.textContent !== words) line.textContent = words;
    });
    put(room, picture.element, line, scale(scales), onward(next));
    return () => {
      measuring.close();
      picture.close();
    };
  }

  const aim = () => step(1, () => measured((scales) => scales.sharpness.element, (values) => values.trouble !== "out of focus", light));
  const light = () => step(2, () => measured((scales) => scales.light.element, (values) => !["too dark", "glare"].includes(values.trouble), write));

  const write = () => step(3, () => {
    const picture = new Picture();
    const seen = h("p", { class: "advice", role: "status" });
    const right = h("ol", { class: "row", "aria-hidden": "true" });
    put(room, picture.element, seen, right, onward(finish));
    const end = live.on("view", ({ reading }) => {
      const digits = digitsOf(reading).map((digit) => (digit.sure ? String(digit.label) : "?")).join("");
      const all = digits.includes(LINE);
      seen.className = `advice ${all ? "good" : ""}`;
      const words = all ? t("first.all") : digits ? t("first.seen", { text: digits }) : t("nothing.there");
      if (seen.textContent !== words) seen.textContent = words;
      fit(right, [...LINE].map((digit) => h("li", { class: `tag ${digits.includes(digit) ? "good" : "fair"}` }, digit)));
    });
    return () => {
      end();
      picture.close();
    };
  });

  const finish = () => step(4, () => {
    put(room, h("ul", { class: "list" }, ["teach", "night", "address"].map((name) => h("li", {}, h("p", { class: "row" }, icon("check"), h("b", {}, t(`first.tip.${name}`))), h("p", { class: "soft" }, t(`first.tip.${name}.how`, { host: location.host }))))),
      h("div", { class: "row end" }, button(t("first.begin"), leave, { class: "main" })));
  });

  main.append(room);
  aim();
  return () => close();
}

