// The picture with a layer drawn aside over it, like a curtain: by slider, pointer or arrow keys.

import * as api from "../api.js";
import { h, newId, put } from "../dom.js";
import { layerName } from "../verdicts.js";
import { number, t } from "../words.js";

/**
 * `base` is `{src, alt}`; `layers` are `[{name, src, alt, caption}]`, none of them for a bare picture.
 * Sources are paths of the service.
 */
export function stage({ base, layers, signal, start = 50 }) {
  const under = h("img", { class: "under", alt: base.alt });
  const over = h("img", { class: "over", alt: "" });
  const edge = h("div", { class: "edge", "aria-hidden": "true" });
  const canvas = h("div", { class: "canvas" }, under, over, edge);
  const slider = h("input", { type: "range", min: 0, max: 100, step: 1, value: start, id: newId("curtain") });
  const label = h("label", { for: slider.id });
  const caption = h("p", { class: "caption" });
  const control = h("div", { class: "curtain", hidden: true }, label, slider);
  const missing = h("p", { class: "blank", hidden: true }, t("The picture is not kept any more."));

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

  const choose = async (layer) => {
    control.hidden = edge.hidden = over.hidden = !layer;
    put(caption, layer?.caption ?? "");
    if (!layer) return;
    over.alt = layer.alt ?? layerName(layer.name);
    label.textContent = layer.label ?? layerName(layer.name);
    over.src = await api.picture(layer.src, signal);
    draw();
  };
  api.picture(base.src, signal).then((src) => (under.src = src), under.onerror);
  choose(layers[0]);
  return h("div", { class: "stage" }, layers.length > 1 ? chooser(layers, choose) : null, canvas, missing, control, caption);
}

function chooser(layers, choose) {
  const name = newId("layer");
  const options = [...layers, null].map((layer, i) =>
    h(
      "label",
      {},
      h("input", { type: "radio", name, checked: i === 0, onchange: () => choose(layer) }),
      h("span", {}, layer ? (layer.label ?? layerName(layer.name)) : t("Picture alone")),
    ),
  );
  return h("fieldset", { class: "chooser" }, h("legend", { class: "unseen" }, t("Layer over the picture")), options);
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
