// Words of the page: one file a language, in en.js and de.js, picked by the browser's languages.

let words = {};
export let language = "en";
let place = "en"; // language and country: how dates and figures are written

/** Loads the words; a language that was picked by hand goes first. */
export async function loadWords() {
  const wanted = [localStorage.getItem("language"), ...(navigator.languages ?? [])];
  const known = wanted.map((name) => String(name).slice(0, 2)).find((name) => ["en", "de"].includes(name));
  language = known ?? "en";
  place = (navigator.languages ?? []).find((name) => name.startsWith(language)) ?? language;
  words = (await import(`./${language}.js`)).default;
  document.documentElement.lang = language;
}

/** Whether there are words of that name. */
export const has = (name) => name in words;

/** Words by their name, with {values} put in. */
export function t(name, values = {}) {
  return String(words[name] ?? name).replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
}

/** The words `name.one` or `name.many`, by the count. */
export const count = (name, n) => t(`${name}.${n === 1 ? "one" : "many"}`, { n: number(n) });

/** A line that the box says in English, in the page's language as far as that is known. Gives the
 *  words, and the language they are in. */
export function translated(line) {
  const parts = String(line).split("; ").map((part) => {
    const [pattern, becomes] = (words.lines ?? []).find(([each]) => each.test(part)) ?? [];
    return pattern ? part.replace(pattern, becomes) : null;
  });
  return parts.includes(null) ? [line, "en"] : [parts.join("; "), language];
}

export const percent = (share, places = 0) => share === null || share === undefined ? "–" :
  share.toLocaleString(place, { style: "percent", maximumFractionDigits: places, minimumFractionDigits: places });

export const number = (value, places = 0) => value === null || value === undefined ? "–" :
  value.toLocaleString(place, { maximumFractionDigits: places });

const form = (options) => (seconds) =>
  seconds > 0 ? new Date(seconds * 1000).toLocaleString(place, options) : t("time.unknown");

export const clock = form({ hour: "2-digit", minute: "2-digit" });
export const day = form({ weekday: "long", day: "numeric", month: "long" });
export const moment = form({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** How long ago, or how long, in the unit that fits. */
export function span(seconds) {
  for (const [size, unit, until] of [[1, "second", 120], [60, "minute", 7200], [3600, "hour", 172800], [86400, "day", Infinity]]) {
    if (seconds < until) {
      const value = Math.max(0, Math.round(seconds / size));
      return value.toLocaleString(place, { style: "unit", unit, unitDisplay: unit === "day" ? "long" : "short" });
    }
  }
}
