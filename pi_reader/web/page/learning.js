// What the box was taught, how its nights went, and which weights it reads with.

import { get, live, post, remove, request } from "./api.js";
import { button, complain, fit, h, icon, put, say, seenAs, sure, told } from "./dom.js";
import { may } from "./app.js";
import { askDigit } from "./pad.js";
import { clock, count, has, moment, number, percent, t, translated } from "./text.js";

const AT_ONCE = 60;
const PATCH = 28; // pixels of what the network gets
const NO_DIGIT = 10; // what a mark was read as that is none
const ACTIVE = ["training", "judging"];

export function show(main) {
  const night = h("section", { class: "card", "aria-label": t("night") });
  const doubts = h("section", { class: "card", "aria-label": t("doubts"), hidden: true });
  const sheet = h("section", { class: "card", "aria-label": t("samples") });
  const weights = h("section", { class: "card", "aria-label": t("generations") });
  put(main, night, doubts, sheet, weights);
  const samples = new Sheet(sheet, doubts);
  samples.load();
  generations(weights);
  let active = null;
  const end = live.on("state", ({ status, training }) => {
    const now = ACTIVE.includes(training?.state);
    if (active === true && !now) generations(weights);
    active = now;
    tell(night, training ?? {});
    samples.remembers(status?.memory);
  });
  return end;
}

/** The night's progress, and what became of it. */
function tell(room, training) {
  const key = JSON.stringify([training.state, Math.round(1000 * (training.progress ?? 0)), training.message, training.until]);
  if (room.dataset.key === key) return;
  room.dataset.key = key;
  const held = room.contains(document.activeElement);
  const active = ACTIVE.includes(training.state);
  const state = has(`night.${training.state}`) ? t(`night.${training.state}`) : t("night.none");
  const kind = { done: "good", refused: "fair", failed: "bad" }[training.state] ?? "";
  fit(room,
    h("div", { class: "row apart" }, h("h2", {}, t("night")), h("span", { class: `tag ${kind}` }, state)),
    active && h("progress", { max: "1", value: String(training.progress ?? 0), "aria-label": t("night.progress") }),
    active && h("p", { class: "soft" }, percent(training.progress ?? 0), training.until ? ` · ${t("night.until", { clock: clock(training.until) })}` : ""),
    training.message && h("p", {}, told(training.message)),
    h("p", { class: "soft small" }, t(has(`night.${training.state}.why`) ? `night.${training.state}.why` : "night.why"), training.updated ? ` (${moment(training.updated)})` : ""),
    may("owner") && h("div", { class: "row" }, active
      ? button(t("night.stop"), async () => {
        await post("training", { do: "stop" }, { patience: 90000 });
        say(t("night.stopped"));
      })
      : button(t("night.start"), async () => {
        await post("training", { do: "start" });
        say(t("night.started"));
      })));
  if (held) room.querySelector("button")?.focus();
}

/** The taught digits as a contact sheet. */
class Sheet {
  #samples = [];
  #filter = "all";
  #grid = h("div", { class: "sheet" });
  #memory = h("p", { class: "soft small", hidden: true });
  #counts = h("p", { class: "soft small" });
  #filters = h("div", { class: "filter", role: "group", "aria-label": t("samples.pick") });
  #onward = button(t("history.more"), () => this.load(this.#samples.at(-1)?.id), { hidden: true });
  #doubts;

  constructor(room, doubts) {
    this.#doubts = doubts;
    put(room, h("h2", {}, t("samples")), this.#counts, this.#memory, this.#filters, this.#grid, this.#onward);
  }

  /** Says what counts already without a night; memory: as the box tells of it, null if it has none. */
  remembers(memory) {
    this.#memory.hidden = !memory?.keys;
    const line = memory?.keys ? `${count("memory.keys", memory.keys)} ${memory.changed_today ? count("memory.changed", memory.changed_today) : ""}` : "";
    if (this.#memory.textContent !== line) this.#memory.textContent = line;
  }

  async load(before) {
    const [answer, doubts] = await Promise.all([
      get(`samples?count=${AT_ONCE}${before ? `&before=${before}` : ""}`),
      before ? null : get(`samples?suspect=1&count=${AT_ONCE}`),
    ]).catch((error) => (complain(error), []));
    if (!answer) return;
    if (!before) this.#samples = [];
    this.#samples.push(...answer.samples);
    const { counts } = answer;
    this.#counts.textContent = counts.samples ? `${count("samples.count", counts.samples)} · ${t("samples.counts", { labelled: number(counts.labelled), held: number(counts.held_out), mb: number(counts.megabytes, 1) })}` : t("samples.none");
    this.#onward.hidden = !answer.more;
    this.#draw();
    if (doubts) this.#contradictions(doubts.samples);
  }

  #draw() {
    const kinds = ["all", ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((digit) => this.#samples.some((one) => one.label === digit)), ...["none", null].filter((label) => this.#samples.some((one) => one.label === label))];
    this.#filters.hidden = kinds.length < 3;
    if (!kinds.includes(this.#filter)) this.#filter = "all";
    const held = this.#filters.contains(document.activeElement);
    fit(this.#filters, kinds.map((kind) => button(kind === "all" ? t("samples.all") : nameOf(kind), () => {
      this.#filter = kind;
      this.#draw();
    }, { "aria-pressed": String(kind === this.#filter) })));
    if (held) this.#filters.querySelector("[aria-pressed=true]").focus();
    fit(this.#grid, this.#samples.filter((one) => this.#filter === "all" || one.label === this.#filter).map((one) => this.#one(one)));
  }

  #one(sample, doubted = false) {
    const read = nameOf(sample.read === NO_DIGIT ? "none" : sample.read);
    return button(seenAs(t("sample.label", { label: nameOf(sample.label), read, n: sample.id }),
      pictureOf(sample), h("b", {}, nameOf(sample.label)), doubted && h("span", { class: "soft small" }, t("doubts.read", { read }))),
    () => this.#open(sample), { "data-id": sample.id });
  }

  async #open(sample) {
    const facts = [t("sample.read", { read: nameOf(sample.read === NO_DIGIT ? "none" : sample.read), share: percent(sample.confidence) }), moment(sample.when), sample.held_out && t("sample.held")].filter(Boolean).join(" · ");
    const said = await askDigit(t("sample.title", { label: nameOf(sample.label) }), {
      picture: [pictureOf(sample, "crop"), h("p", { class: "soft small" }, facts)],
      was: sample.label,
      more: (close) => may("owner") && button(t("sample.drop"), () => close("drop"), { class: "danger" }),
    });
    if (said === null) return;
    if (said === "drop") {
      if (!(await sure(t("sample.drop.sure"), t("sample.drop")))) return;
      await remove(`samples/${sample.id}`);
      say(t("sample.dropped"));
    } else {
      await request("PATCH", `samples/${sample.id}`, { body: { label: said === "none" ? null : said } });
      say(said === "none" ? t("learned.none") : t("learned", { digit: said }));
    }
    await this.load();
  }

  #contradictions(samples) {
    this.#doubts.hidden = !samples.length;
    fit(this.#doubts, h("h2", {}, t("doubts")), h("p", { class: "soft small" }, t("doubts.why")),
      h("div", { class: "sheet" }, samples.map((one) => this.#one(one, true))));
  }
}

/** A sample's picture: a piece of the frame, or what the network got of it, light ink on black. */
const pictureOf = (sample, kind = "") => h("img", { class: kind, src: sample.picture, alt: "", onload: ({ target }) => target.classList.toggle("patch", target.naturalWidth === PATCH) });

const nameOf = (label) => (label === null || label === undefined ? "?" : label === "none" ? "–" : String(label));

/** The weights that the box can read with, newest first. */
async function generations(room) {
  const { generations: found, trouble } = await get("generations").catch((error) => (complain(error), { generations: [] }));
  const kinds = { "in use": "good", refused: "fair", bad: "bad", candidate: "" };
  const again = async (path) => {
    await post(path, {}, { patience: 60000 });
    say(t("generation.used"));
    await generations(room);
  };
  fit(room, h("div", { class: "row apart" }, h("h2", {}, t("generations")),
    may("owner") && found.length > 1 && button(t("generations.back"), async () => {
      if (await sure(t("generations.back.sure"), t("generations.back"), false)) await again("generations/rollback");
    })),
  trouble && h("p", { class: "banner" }, icon("look"), told(trouble)),
  h("p", { class: "soft small" }, t("generations.why")),
  h("ul", { class: "list" }, [...found].sort((a, b) => b.number - a.number).map((one) => h("li", {},
    h("div", { class: "row apart" },
      h("h3", {}, one.number ? t("generation", { n: one.number }) : t("generation.shipped")),
      h("span", { class: `tag ${kinds[one.state] ?? ""}` }, has(`generation.${one.state}`) ? t(`generation.${one.state}`) : one.state)),
    h("p", { class: "soft small" }, [one.accuracy !== null && t("generation.accuracy", { share: percent(one.accuracy, 2), on: translated(one.measured || "?")[0] }), one.since > 0 && t("generation.since", { when: moment(one.since) })].filter(Boolean).join(" · ")),
    one.why && h("p", { class: "small" }, told(one.why)),
    may("owner") && one.state !== "in use" && one.state !== "bad" && h("div", { class: "row" }, button(t("generation.use"), async () => {
      if (await sure(t("generation.use.sure", { n: one.number }), t("generation.use"), false)) await again(`generations/${one.number}/use`);
    }))))));
}
