// The camera's picture as it comes, with a button round each digit.

import { live, request } from "./api.js";
import { h } from "./dom.js";
import { percent, t } from "./text.js";

const PAUSE = 2000; // milliseconds after a picture that did not come
const REMEMBERED = 12; // readings that wait for their picture
const LOW = 0.08; // of the height; above it there is no room for a digit's name

/** What a digit is, in words. */
export function wordsFor(digit, place, of) {
  return t(digit.sure ? "digit.sure" : "digit.unsure", {
    place: place + 1, of, label: digit.label, share: percent(digit.confidence),
    other: digit.runner_up[0], less: percent(digit.runner_up[1]),
  });
}

/** All digits of a reading, in reading order. */
export const digitsOf = (reading) => (reading?.lines ?? []).flatMap((line) => line.digits);

export const isTaught = (digit) => /^taught/.test(digit.reason ?? "");

/** Shows the live picture. boxes: whether the digits have boxes; pick: called with (digit, place,
 *  view) for one that was tapped; seen: called after each picture. */
export class Picture {
  #img = h("img", { alt: "" });
  #wait = h("p", { class: "wait" }, t("picture.wait"));
  #marks = h("div", { class: "marks" });
  #views = new Map();
  #stop = new AbortController();
  #off;
  #boxes;
  #pick;
  #seen;
  #drawn = "";
  frame = 0;
  size = [640, 480];

  constructor({ boxes = false, pick = null, seen = () => {} } = {}) {
    this.#boxes = boxes;
    this.#pick = pick;
    this.#seen = seen;
    this.element = h("div", { class: "view" }, this.#img, this.#marks, this.#wait);
    this.#off = live.on("view", (view) => {
      this.#views.set(view.frame, view);
      if (this.#views.size > REMEMBERED) this.#views.delete(this.#views.keys().next().value);
      if (view.frame === this.frame) this.#mark(view);
    });
    this.#run();
  }

  close() {
    this.#stop.abort();
    this.#off();
    this.element.remove();
    if (this.#img.src) URL.revokeObjectURL(this.#img.src);
  }

  /** The part of the picture round a digit, as another picture; null if there is none yet. */
  crop([x, y, width, height], margin = 0.4) {
    if (!this.#img.naturalWidth) return null;
    const by = this.#img.naturalWidth / this.size[0];
    const more = margin * Math.max(width, height);
    const canvas = h("canvas", { class: "crop", width: Math.round((width + 2 * more) * by) || 1, height: Math.round((height + 2 * more) * by) || 1 });
    canvas.setAttribute("aria-hidden", "true");
    canvas.getContext("2d").drawImage(this.#img, (x - more) * by, (y - more) * by, canvas.width, canvas.height, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  async #run() {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (document.hidden) {
          await until("visibilitychange", signal);
          continue;
        }
        const { content, headers } = await request("GET", `frame.jpg?after=${this.frame}`, { kind: "blob", signal });
        if (content) await this.#show(content, Number(headers.get("X-Frame")));
        else this.frame = 0; // nothing newer: perhaps a reader that was started anew, and counts anew
      } catch (error) {
        if (signal.aborted) return;
        this.frame = 0;
        this.#wait.hidden = false;
        this.#wait.textContent = t(error.status === 503 ? "picture.stopped" : error.status === 403 ? "picture.not.yours" : "picture.wait");
        await new Promise((done) => setTimeout(done, PAUSE));
      }
    }
  }

  async #show(blob, frame) {
    const next = URL.createObjectURL(blob);
    const before = this.#img.src;
    this.#img.src = next;
    await this.#img.decode().catch(() => {});
    if (before) URL.revokeObjectURL(before);
    this.#wait.hidden = true;
    this.frame = frame;
    const view = this.#views.get(frame) ?? [...this.#views.values()].at(-1);
    this.size = view?.size ?? [this.#img.naturalWidth, this.#img.naturalHeight];
    this.element.style.aspectRatio = `${this.size[0]} / ${this.size[1]}`;
    if (view) this.#mark(view);
    this.#img.alt = t("picture.alt", { text: view?.reading?.text || t("nothing") });
    this.#seen(this);
  }

  // Buttons stay while the reading does, so that a finger or a reader of the screen keeps its place.
  #mark(view) {
    if (!this.#boxes) return;
    const digits = digitsOf(view.reading);
    this.#marks.classList.toggle("moving", !view.settled);
    const [width, height] = this.size;
    const key = digits.map((digit) => `${digit.label}${digit.sure}${isTaught(digit)}`).join();
    if (key !== this.#drawn) {
      this.#drawn = key;
      this.#marks.replaceChildren(...digits.map((digit, place) => h(this.#pick ? "button" : "span", {
        type: this.#pick && "button", class: `mark ${digit.sure ? "" : "unsure"} ${isTaught(digit) ? "taught" : ""}`, tabindex: "-1", "aria-hidden": "true",
        onclick: (event) => this.#pick?.(event.currentTarget.digit, place, event.currentTarget.view),
      }, h("b", {}, digit.sure ? digit.label : "?"))));
    }
    [...this.#marks.children].forEach((mark, place) => {
      const [x, y, wide, high] = digits[place].box;
      Object.assign(mark, { digit: digits[place], view });
      mark.style.left = `${100 * x / width}%`;
      mark.style.top = `${100 * y / height}%`;
      mark.style.width = `${100 * wide / width}%`;
      mark.style.height = `${100 * high / height}%`;
      mark.style.setProperty("--least", `${Math.min(wide, high) * this.element.clientWidth / width}px`);
      mark.classList.toggle("low", y < LOW * height);
    });
  }
}

const until = (name, signal) => new Promise((done) => {
  document.addEventListener(name, done, { once: true });
  signal.addEventListener("abort", done, { once: true });
});


