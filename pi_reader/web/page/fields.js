// Frames on the picture: the part that is read, and named numbers. A frame is dragged with the
// thumb, by its corner it changes its size; arrow keys and four figures do the same.

import { button, complain, fit, h, put, say, sure } from "./dom.js";
import { Picture } from "./picture.js";
import { change, load } from "./settings.js";
import { t } from "./text.js";

const LEAST = 12; // pixels of the frame
const STEP = 4; // pixels that an arrow key moves
const AREA = "camera.region";

/** What may be said of a named number, beside its frame. kind: of the field. */
const FACTS = [
  ["name", "text"], ["unit", "text"], ["decimals", "number"], ["minimum", "number"], ["maximum", "number"],
  ["rises_per_hour", "number"], ["may_fall", "switch"],
];

export function show(main) {
  const picture = new Picture({ seen: () => place() });
  const stage = picture.element;
  stage.classList.add("draw");
  const panel = h("section", { class: "card", "aria-label": t("screen.fields") });
  put(main, h("p", { class: "soft" }, t("fields.why")), h("div", { class: "two" }, stage, panel));
  let held = null;
  let items = []; // {kind: "area" | "number", box: [x, y, width, height] | null, values, element}
  let chosen = 0;
  let changed = false;
  let area = []; // the part that is read at present, [] for all
  let numbers = null; // their section, null where the box knows none

  async function refresh() {
    held = await load();
    numbers = held.sections.find((section) => section.name === "numbers" && section.tables) ?? null;
    area = held.sections.find((section) => section.name === "camera")?.keys.find((key) => key.name === "region")?.value ?? [];
    for (const { element } of items) element?.remove();
    items = [{ kind: "area", box: area.length === 4 ? [...area] : null, values: {} },
      ...(numbers?.tables ?? []).map((values) => ({ kind: "number", box: values.region?.length === 4 ? [...values.region] : null, values: { ...values } }))];
    items.forEach(dress);
    chosen = Math.min(chosen, items.length - 1);
    changed = false;
    draw();
  }

  const nameOf = (item) => (item.kind === "area" ? t("fields.area") : item.values.name || t("fields.unnamed"));

  function dress(item) {
    const handle = h("i", { "aria-hidden": "true" });
    item.element = h("div", {
      class: "region", tabindex: "0", role: "group", "aria-roledescription": t("fields.frame"),
      onfocus: () => pick(items.indexOf(item)), onkeydown: (event) => keys(event, item), onpointerdown: (event) => drag(event, item, event.target === handle),
    }, h("b", {}), handle);
    stage.append(item.element);
  }

  /** What of the camera's frame the picture shows: of a box that reads a part, that part. */
  function shown() {
    const [width, height] = picture.size;
    return area[2] === width && area[3] === height ? area : [0, 0, width, height];
  }

  /** Lays every frame where it belongs on the picture. */
  function place() {
    const [left, top, width, height] = shown();
    items.forEach((item, index) => {
      const { element, box } = item;
      element.hidden = !box;
      element.classList.toggle("chosen", index === chosen);
      if (!box) return;
      const [x, y, wide, high] = box;
      Object.assign(element.style, { left: `${100 * (x - left) / width}%`, top: `${100 * (y - top) / height}%`, width: `${100 * wide / width}%`, height: `${100 * high / height}%` });
      element.classList.toggle("low", y - top < 0.08 * height);
      element.firstChild.textContent = nameOf(item);
      element.setAttribute("aria-label", t("fields.at", { name: nameOf(item), x, y, width: wide, height: high }));
    });
  }

  function set(item, [x, y, wide, high]) {
    const [left, top, width, height] = shown();
    const size = [Math.min(width, Math.max(LEAST, Math.round(wide))), Math.min(height, Math.max(LEAST, Math.round(high)))];
    item.box = [Math.min(left + width - size[0], Math.max(left, Math.round(x))), Math.min(top + height - size[1], Math.max(top, Math.round(y))), ...size];
    changed = true;
    place();
    if (item === items[chosen]) panel.querySelectorAll("[data-side]").forEach((each) => {
      if (each !== document.activeElement) each.value = item.box[each.dataset.side];
    });
    panel.querySelector("[data-save]")?.removeAttribute("hidden");
  }

  /** A frame with another size, which ends where the picture does. */
  function grown([x, y], wide, high) {
    const [left, top, width, height] = shown();
    return [x, y, Math.min(wide, left + width - x), Math.min(high, top + height - y)];
  }

  function drag(event, item, corner) {
    event.preventDefault();
    pick(items.indexOf(item));
    item.element.focus({ preventScroll: true });
    const { element } = item;
    element.setPointerCapture(event.pointerId);
    const by = picture.size[0] / stage.clientWidth;
    const [x, y, wide, high] = item.box;
    const move = ({ clientX, clientY }) => {
      const right = (clientX - event.clientX) * by;
      const down = (clientY - event.clientY) * by;
      if (corner) set(item, grown(item.box, wide + right, high + down));
      else set(item, [x + right, y + down, wide, high]);
    };
    const end = () => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", end);
      element.removeEventListener("pointercancel", end);
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
  }

  function keys(event, item) {
    const way = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!way) return;
    event.preventDefault();
    const [x, y, wide, high] = item.box;
    if (event.shiftKey) set(item, grown(item.box, wide + way[0], high + way[1]));
    else set(item, [x + way[0], y + way[1], wide, high]);
  }

  function pick(index) {
    if (index === chosen) return place();
    chosen = index;
    draw();
  }

  function draw() {
    const item = items[chosen];
    const [left, top, width, height] = shown();
    const share = (x, y, wide, high) => [left + x * width, top + y * height, wide * width, high * height];
    place();
    fit(panel,
      h("div", { class: "filter", role: "group", "aria-label": t("fields.pick") },
        items.map((each, index) => button(nameOf(each), () => {
          pick(index);
          panel.querySelector("[aria-pressed=true]").focus();
        }, { "aria-pressed": String(index === chosen) })),
        numbers && button(t("fields.add"), () => {
          const made = { kind: "number", box: null, values: { name: "" } };
          items.push(made);
          dress(made);
          chosen = items.length - 1;
          set(made, share(0.3, 0.4, 0.4, 0.2));
          draw();
          panel.querySelector("[data-fact=name]")?.focus();
        }, { class: "plain" })),
      h("p", { class: "soft small" }, t(item.kind === "area" ? "fields.area.why" : "fields.number.why")),
      item.kind === "number" && h("div", { class: "pairs" }, FACTS.map(([name, kind]) => fact(item, name, kind))),
      item.box
        ? h("fieldset", {}, h("legend", {}, t("fields.figures")), h("div", { class: "four" }, ["x", "y", "width", "height"].map((side, index) => h("label", {}, h("span", { class: "small" }, t(`side.${side}`)),
          h("input", { type: "number", inputmode: "numeric", min: "0", value: String(item.box[index]), "data-side": String(index), oninput: (event) => {
            if (event.target.value === "") return;
            set(item, item.box.map((each, at) => (at === index ? Number(event.target.value) : each)));
          } })))))
        : h("p", {}, t(item.kind === "area" ? "fields.whole" : "fields.nowhere")),
      h("div", { class: "row" },
        item.box
          ? button(t(item.kind === "area" ? "fields.all" : "fields.drop"), async () => {
            if (item.kind === "number") {
              if (!(await sure(t("fields.drop.sure", { name: nameOf(item) }), t("fields.drop")))) return;
              item.element.remove();
              items.splice(chosen, 1);
              chosen = 0;
            } else item.box = null;
            changed = true;
            draw();
          })
          : button(t("fields.draw"), () => {
            set(item, share(0.1, 0.1, 0.8, 0.8));
            draw();
            item.element.focus();
          }),
        button(t("save"), save, { class: "main", "data-save": "", hidden: !changed })),
      h("p", { class: "wrong", role: "alert", id: "fields-wrong" }));
  }

  function fact(item, name, kind) {
    const value = item.values[name];
    const note = (said) => {
      if (said === null) delete item.values[name];
      else item.values[name] = said;
      changed = true;
      panel.querySelector("[data-save]").hidden = false;
      panel.querySelector("[aria-pressed=true]").textContent = nameOf(item);
      place();
    };
    if (kind === "switch") {
      return h("label", { class: "tick" }, h("input", { type: "checkbox", checked: value ?? true, onchange: (event) => note(event.target.checked) }), h("span", {}, t(`fact.${name}`)));
    }
    return h("label", {}, h("span", {}, t(`fact.${name}`)), h("input", { type: "text", inputmode: kind === "number" ? "decimal" : "text", value: String(value ?? ""), "data-fact": name, oninput: (event) => {
      const said = event.target.value.trim();
      const isNumber = kind === "number" && /^-?[0-9]+([.,][0-9]+)?$/.test(said);
      note(said === "" ? null : isNumber ? Number(said.replace(",", ".")) : said);
    } }));
  }

  async function save() {
    const changes = { [AREA]: items[0].box ?? [] };
    if (numbers) changes.numbers = items.slice(1).map(({ values, box }) => ({ ...values, ...(box ? { region: box } : {}) }));
    const wrong = document.getElementById("fields-wrong");
    wrong.textContent = "";
    try {
      await change(changes, held.etag);
    } catch (error) {
      if (error.status === 412) {
        held = await load();
        wrong.textContent = t("settings.meanwhile");
      } else if (error.status === 422) wrong.textContent = [error.line, ...(error.hint ?? [])].join(" ");
      else throw error;
      return;
    }
    await refresh();
    say(t("settings.saved"));
  }

  refresh().catch(complain);
  return () => picture.close();
}
