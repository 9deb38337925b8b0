// Focus, light and the size of the writing, live, while somebody turns the lens or moves the lamp.

import { post } from "./api.js";
import { fit, h, put } from "./dom.js";
import { Picture } from "./picture.js";
import { number, percent, t } from "./text.js";

const EVERY = 1000; // milliseconds; each asking keeps the box measuring for five seconds
const BRIGHT = [70, 215]; // grey levels of a whole frame with paper in good light
const SOFT = 0.85; // of the best sharpness, above which turning on gains nothing
const WAS_SHARPER = 0.7; // of the best sharpness, below which turning back helps
const PIXELS = 120; // where the scale for the height of digits ends

/** Asks the box for its figures as long as it is not closed. */
export class Measuring {
  #stop = new AbortController();

  constructor(told) {
    this.#run(told);
  }

  close() {
    this.#stop.abort();
  }

  async #run(told) {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (!document.hidden) told(await post("aim", {}, { signal, patience: 30000 }));
      } catch (error) {
        if (signal.aborted) return;
        told(null, error);
      }
      await new Promise((done) => setTimeout(done, EVERY));
    }
  }
}

/** A scale with the range that is wanted. low, high: of that range, least, most: of the scale. */
function gauge(name, least, most, low, high, words) {
  const share = (value) => `${100 * Math.min(1, Math.max(0, (value - least) / (most - least)))}%`;
  const aim = h("span", { class: "aim" });
  const is = h("span", { class: "is", hidden: true });
  const said = h("b", {}, "–");
  const scale = h("div", { class: "scale", role: "meter", "aria-label": name, "aria-valuemin": least, "aria-valuemax": most, "aria-valuenow": least, "aria-valuetext": "–" }, aim, is);
  const range = (from, to) => {
    aim.style.left = share(from);
    aim.style.width = `calc(${share(to)} - ${share(from)})`;
  };
  range(low, high);
  return {
    range,
    element: h("div", { class: "gauge" }, h("div", { class: "row apart" }, h("span", {}, name), said), scale),
    set(value) {
      const text = value === null || value === undefined ? "–" : words(value);
      is.hidden = text === "–";
      if (!is.hidden) is.style.left = share(value);
      said.textContent = text;
      scale.setAttribute("aria-valuenow", is.hidden ? least : Math.min(most, Math.max(least, value)));
      scale.setAttribute("aria-valuetext", text);
    },
  };
}

/** The gauges, by name; all: sharpness, light, height. */
export function gauges() {
  let best = 0;
  const sharpness = gauge(t("aim.sharpness"), 0, 1, SOFT, 1, (value) => percent(value));
  const light = gauge(t("aim.light"), 0, 255, ...BRIGHT, (value) => number(value));
  const height = gauge(t("aim.height"), 0, PIXELS, 20, 80, (value) => t("pixels", { n: number(value) }));
  return {
    sharpness, light, height, share: null,
    all: [sharpness, light, height].map((each) => each.element),
    /** Shows the figures of a frame. */
    set(values) {
      this.share = null;
      best = Math.max(values?.best ?? 0, values?.focus ?? 0, 0.998 * best);
      if (values && best) this.share = values.focus / best;
      sharpness.set(this.share);
      light.set(values?.mean);
      if (values?.target) height.range(...values.target.good);
      height.set(values?.smallest);
    },
  };
}

const TROUBLES = { "too dark": "aim.dark", glare: "aim.glare", "out of focus": "aim.blurred" };

/** What to do next, "" if all is well; in the page's language. */
export function advice(values) {
  if (!values) return "";
  if (values.trouble in TROUBLES) return t(TROUBLES[values.trouble]);
  if (!values.digits) return t("aim.page");
  const [low, high] = values.target?.good ?? [20, 80];
  if (values.smallest < low) return t("aim.nearer", { n: low });
  if (values.largest > high * 1.5) return t("aim.farther");
  if (values.edge < 4) return t("aim.edge");
  return "";
}

export function show(main) {
  const picture = new Picture({ boxes: true });
  const scales = gauges();
  const line = h("p", { class: "advice", role: "status" });
  const count = h("p", { class: "soft small" });
  const measuring = new Measuring((values, error) => {
    scales.set(values);
    const wrong = error ? error.message : advice(values) || (scales.share < WAS_SHARPER && t("aim.sharper"));
    const words = wrong || t("aim.well");
    line.className = `advice ${wrong ? "fair" : "good"}`;
    if (line.textContent !== words) line.textContent = words;
    fit(count, values?.digits ? t("aim.count", { n: values.digits, from: values.smallest, to: values.largest }) : "");
  });
  put(main, h("div", { class: "two" },
    picture.element,
    h("section", { class: "card", "aria-label": t("aim.figures") }, line, scales.all, count, h("p", { class: "soft small" }, t("aim.help")))));
  return () => {
    measuring.close();
    picture.close();
  };
}
