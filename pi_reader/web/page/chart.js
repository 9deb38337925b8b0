// A curve of values over time, drawn as wide as its room. A finger, the mouse or the arrow keys
// go from value to value.

import { fit, h, s } from "./dom.js";
import { clock, moment, number, t } from "./text.js";

const HIGH = 190;
const EDGE = { left: 46, right: 10, top: 10, bottom: 24 };
const DAY = 86400;

/** Numbers that people like to read, from low to high. */
export function ticks(low, high, most = 4) {
  const rough = (high - low || Math.abs(high) || 1) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at++) found.push(Number((at * step).toPrecision(12)));
  return found;
}

/** points: {when, value, sure}, oldest first. */
export function chart(name, points) {
  const said = h("p", { class: "soft small", role: "status" });
  const holder = h("div", { tabindex: "0", role: "group", "aria-roledescription": t("chart"), onkeydown: (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, Home: -points.length, End: points.length }[event.key];
    if (!by) return;
    event.preventDefault();
    choose((chosen < 0 ? points.length - 1 : chosen) + (chosen < 0 ? 0 : by));
  } });
  let chosen = -1;
  let places = [];
  let cursor;

  const values = points.map((point) => point.value);
  let [low, high] = [Math.min(...values), Math.max(...values)];
  holder.setAttribute("aria-label", t("chart.label", { name, n: points.length, low: number(low, 6), high: number(high, 6) }));
  if (low === high) [low, high] = [low - 1, high + 1];
  const [from, to] = [points[0].when, Math.max(points.at(-1).when, points[0].when + 1)];
  const time = to - from > DAY ? moment : clock;

  function choose(place) {
    chosen = Math.min(points.length - 1, Math.max(0, place));
    const { when, value, sure } = points[chosen];
    said.textContent = `${moment(when)} · ${number(value, 6)}${sure ? "" : ` · ${t("unsure")}`}`;
    cursor.setAttribute("cx", places[chosen][0]);
    cursor.setAttribute("cy", places[chosen][1]);
    cursor.removeAttribute("hidden");
  }

  function draw(width) {
    const x = (when) => EDGE.left + (width - EDGE.left - EDGE.right) * (when - from) / (to - from);
    const y = (value) => HIGH - EDGE.bottom - (HIGH - EDGE.top - EDGE.bottom) * (value - low) / (high - low);
    places = points.map((point) => [x(point.when), y(point.value)]);
    cursor = s("circle", { r: 7, fill: "none", stroke: "currentColor", "stroke-width": 2, hidden: true });
    const near = (event) => {
      const at = event.clientX - holder.getBoundingClientRect().left;
      let best = 0;
      places.forEach(([each], place) => {
        if (Math.abs(each - at) < Math.abs(places[best][0] - at)) best = place;
      });
      choose(best);
    };
    const few = width < 420 ? 1 : 3;
    const times = Array.from({ length: few + 1 }, (_, place) => from + (to - from) * place / few);
    fit(holder, s("svg", { class: "chart", viewBox: `0 0 ${width} ${HIGH}`, height: HIGH, "aria-hidden": "true", onpointermove: near, onpointerdown: near },
      ticks(low, high).map((value) => [
        s("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }),
        s("text", { x: EDGE.left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value, 6)),
      ]),
      times.map((when, place) => s("text", { x: x(when), y: HIGH - 6, "text-anchor": place === 0 ? "start" : place === few ? "end" : "middle" }, time(when))),
      s("polyline", { class: "curve", points: places.map((place) => place.map((each) => each.toFixed(1)).join()).join(" ") }),
      points.map((point, place) => s("circle", { class: `dot ${point.sure ? "" : "unsure"}`, cx: places[place][0], cy: places[place][1], r: point.sure ? 3 : 4 })),
      cursor));
    if (chosen >= 0) choose(chosen);
  }

  const watch = new ResizeObserver(([entry]) => entry.contentRect.width && draw(Math.round(entry.contentRect.width)));
  watch.observe(holder);
  return { element: h("div", {}, holder, said), close: () => watch.disconnect() };
}
