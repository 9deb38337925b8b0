// The number pad: says what a digit really is.

import { post } from "./api.js";
import { ask, button, h, say } from "./dom.js";
import { t } from "./text.js";

/** Asks which digit this is. Gives 0 to 9, "none" for no digit, null for nothing. */
export function askDigit(title, { picture = null, was = null, more = null } = {}) {
  return ask(title, (close, box) => {
    box.addEventListener("keydown", (event) => {
      if (/^[0-9]$/.test(event.key)) close(Number(event.key));
      else if (event.key === "-") close("none");
    });
    const key = (digit) => button(String(digit), () => close(digit), digit === was ? { class: "was", "aria-label": t("pad.was", { digit }), autofocus: true } : {});
    return [
      picture,
      h("div", { class: "pad" }, [1, 2, 3, 4, 5, 6, 7, 8, 9].map(key), key(0), button(t("pad.none"), () => close("none"), { class: "wide" })),
      h("div", { class: "row apart" }, more?.(close) ?? h("span"), button(t("cancel"), () => close(null), { class: "plain" })),
    ];
  });
}

/** Teaches a digit of a reading. Gives what it was taught, null if nothing. */
export async function teach(event, place, digit, picture) {
  const said = await askDigit(t("pad.title", { place: place + 1 }), { picture, was: digit.label });
  if (said === null) return null;
  await post(`readings/${event}/labels`, { place, digit: said === "none" ? null : said });
  say(said === "none" ? t("learned.none") : t("learned", { digit: said }));
  return said;
}
