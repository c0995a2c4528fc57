// The picture with a layer drawn aside over it, like a curtain: by slider, pointer or arrow keys.

import * as api from "../api.js";
import { h, newId, put } from "../dom.js";
import { layerName } from "../verdicts.js";
import { number, t } from "../words.js";

/**
 * `base` is `{src, alt}`; `layers` are `[{name, src, alt, label, flagged, tell}]`, none of them for a bare picture.
 * Sources are paths of the service. `tell(place, signal)` says below the picture what a layer shows, and gives whether
 * there is anything to lay over it. `first` names the layer that is shown at once.
 */
export function stage({ base, layers, signal, start = 50, first = layers[0]?.name }) {
  const under = h("img", { class: "under", alt: base.alt });
  const over = h("img", { class: "over", alt: "" });
  const edge = h("div", { class: "edge", "aria-hidden": "true" });
  const canvas = h("div", { class: "canvas" }, under, over, edge);
  const slider = h("input", { type: "range", min: 0, max: 100, step: 1, value: start, id: newId("curtain") });
  const label = h("label", { for: slider.id });
  const control = h("div", { class: "curtain", hidden: true }, label, slider);
  const missing = h("p", { class: "blank", hidden: true }, t("The picture is not kept any more."));
  const beside = h("div", { class: "beside" });
  let chosen = null;

  under.onload = () => canvas.classList.add("loaded");
  under.onerror = () => {
    canvas.hidden = control.hidden = true;
    missing.hidden = false;
  };
  const draw = () => {
    canvas.style.setProperty("--shown", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", t("{number} % of the picture covered", { number: number(slider.value) }));
  };
  slider.addEventListener("input", draw);
  drag(canvas, slider, () => !control.hidden);

  const cover = (visible) => {
    control.hidden = edge.hidden = over.hidden = !visible;
  };
  const choose = async (layer) => {
    chosen = layer;
    cover(false);
    put(beside);
    if (!layer) return;
    const drawn = layer.tell ? await layer.tell(beside, signal) : true;
    if (!drawn || chosen !== layer || signal.aborted) return;
    const src = await api.picture(layer.src, signal).catch(() => null);
    if (!src || chosen !== layer) return;
    over.alt = layer.alt ?? layerName(layer.name);
    label.textContent = layer.label ?? layerName(layer.name);
    over.src = src;
    cover(true);
    draw();
  };
  const pick = chooser(layers, first, choose);
  api.picture(base.src, signal).then((src) => (under.src = src), under.onerror);
  choose(layers.find(({ name }) => name === first) ?? null);
  return {
    element: h("div", { class: "stage" }, layers.length > 1 ? pick.element : null, canvas, missing, control, beside),
    show(name) {
      pick.select(name);
      canvas.scrollIntoView({ block: "nearest" });
    },
  };
}

function chooser(layers, first, choose) {
  const group = newId("layer");
  const boxes = new Map(
    [...layers, null].map((layer) => {
      const checked = (layer?.name ?? null) === (first ?? null);
      return [layer?.name, h("input", { type: "radio", name: group, checked, onchange: () => choose(layer) })];
    }),
  );
  const options = [...layers, null].map((layer) => {
    const words = layer ? (layer.label ?? layerName(layer.name)) : t("Picture alone");
    const flag = layer?.flagged ? h("span", { class: "flag" }, t("flagged")) : null;
    return h("label", {}, boxes.get(layer?.name), h("span", {}, words, flag));
  });
  return {
    element: h("fieldset", { class: "chooser" }, h("legend", { class: "unseen" }, t("Layer over the picture")), options),
    select(name) {
      boxes.get(name)?.click();
      boxes.get(name)?.focus({ preventScroll: true });
    },
  };
}

function drag(canvas, slider, active) {
  const move = (event) => {
    const box = canvas.getBoundingClientRect();
    slider.value = Math.round((100 * (event.clientX - box.left)) / box.width);
    slider.dispatchEvent(new Event("input"));
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!active() || event.button) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    move(event);
    canvas.addEventListener("pointermove", move);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => canvas.removeEventListener("pointermove", move));
  }
}
