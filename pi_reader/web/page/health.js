// How the box is, part by part, with what to do; who may look; its last words.

import { get, live, post, remove } from "./api.js";
import { ask, button, complain, fit, h, icon, put, sure, told } from "./dom.js";
import { may } from "./app.js";
import { has, moment, number, span, t } from "./text.js";

const EVERY = 30000; // milliseconds
const SOON = 3000; // after figures that did not come, or are old
const OLD = 40; // seconds
const KINDS = { well: ["well", "check"], look: ["look", "look"], wrong: ["wrong", "cross"], "not here": ["absent", "absent"] };
const HOT = 75; // degrees Celsius

export function show(main) {
  const problem = h("p", { class: "banner bad", hidden: true });
  const facts = h("dl", { class: "facts" });
  const checks = h("ul", { class: "list" }, h("li", { class: "soft" }, t("health.wait")));
  const age = h("p", { class: "soft small" });
  const log = h("pre", { tabindex: "0", lang: "en", "aria-label": t("health.log") });
  const people = h("section", { class: "card", "aria-label": t("sessions"), hidden: !may("owner") });

  let next = 0;
  let over = false;

  function figures({ temperature = null, disk_free_mb: free = null, uptime, address }) {
    const fact = (name, value, kind = "") => h("div", {}, h("dd", { class: kind }, value), h("dt", {}, t(`health.${name}`)));
    fit(facts,
      fact("temperature", temperature === null ? "–" : `${number(temperature, 1)} °C`, temperature >= HOT ? "wrong" : ""),
      fact("disk", free === null ? "–" : free > 9999 ? `${number(free / 1024, 1)} GB` : `${number(free)} MB`),
      fact("uptime", uptime ? span(uptime) : "–"),
      fact("address", address || location.hostname));
  }

  async function load() {
    if (document.hidden) return 0;
    const found = await get("health", { patience: 60000 });
    problem.hidden = found.running || !found.problem;
    fit(problem, icon("cross"), told(found.problem));
    figures(found);
    const order = ["wrong", "look", "well", "not here"];
    age.textContent = found.age > OLD ? t("health.age", { span: span(found.age) }) : "";
    if (found.age !== null) fit(checks, [...found.checks].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict)).map((one) => {
      const [kind, sign] = KINDS[one.verdict] ?? KINDS.look;
      return h("li", {}, h("div", { class: `find ${kind}` }, icon(sign), h("h3", {}, has(`part.${one.name}`) ? t(`part.${one.name}`) : one.name, h("span", { class: "hidden" }, `: ${t(`verdict.${kind}`)}`)), h("p", { class: "soft small" }, told(one.words))));
    }));
    const end = log.scrollHeight - log.scrollTop - log.clientHeight < 20;
    log.textContent = found.log.length ? found.log.map(({ when, line }) => (when ? `${moment(when)}  ${line}` : line)).join("\n") : t("health.silent");
    if (end) log.scrollTop = log.scrollHeight;
    return found.age ?? Infinity;
  }

  async function keep() {
    const age = await load().catch((error) => {
      if (!over && !checks.querySelector(".find")) complain(error);
      return Infinity;
    });
    if (!over) next = setTimeout(keep, age > OLD ? SOON : EVERY);
  }

  async function sessions() {
    const { sessions: found } = await get("sessions");
    fit(people, h("h2", {}, t("sessions")), h("p", { class: "soft small" }, t("sessions.why")),
      h("ul", { class: "list" }, found.map((one) => h("li", {}, h("div", { class: "row apart" },
        h("span", {}, h("b", {}, one.name || one.id), one.this && [" ", h("span", { class: "tag good" }, t("sessions.this"))]),
        button(t("sessions.end"), async () => {
          if (!(await sure(t("sessions.end.sure"), t("sessions.end")))) return;
          await remove(`sessions/${one.id}`);
          if (one.this) location.reload();
          else await sessions();
        }, { "aria-label": t("sessions.end.of", { name: one.name || one.id }) })),
      h("p", { class: "soft small" }, `${t(`role.${one.role}`)} · ${t("sessions.seen", { when: moment(one.seen) })}`)))),
      h("div", { class: "row" }, button(t("code.class"), async () => {
        const { code, seconds } = await post("pairing", { role: "pupil" });
        await ask(t("code.class"), (close) => [
          h("p", { class: "code" }, code), h("p", { class: "soft" }, t("code.class.why", { span: span(seconds) })),
          h("div", { class: "row end" }, button(t("close"), () => close(null), { class: "main" }))]);
      })));
  }

  put(main, problem, h("section", { class: "card", "aria-label": t("health.facts") }, facts),
    h("div", { class: "two" },
      h("section", { class: "card" }, h("h2", {}, t("health.checks")), age, checks),
      h("div", { class: "stack" }, h("section", { class: "card" }, h("h2", {}, t("health.log")), log), people)));
  keep();
  if (may("owner")) sessions().catch(complain);
  const ends = [
    live.on("connected", (there) => there && checks.querySelector(".find") && load().catch(() => {})),
    live.on("state", ({ status }) => figures(status ?? {})),
  ];
  return () => {
    over = true;
    clearTimeout(next);
    ends.forEach((end) => end());
  };
}
