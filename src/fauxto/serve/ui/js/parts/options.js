// What a scan shall do, from what the service says that it can.

import { h, newId } from "../dom.js";
import { number, t } from "../words.js";

/** What a desk asks for unless told otherwise; of other switches the service's own default holds. */
const ASKED = ["stability", "heatmap", "forensics"];
const BOUNDS = [0.05, 0.01, 0.001];

/** `{element, read}` for the JSON Schema of the options. */
export function options(schema) {
  const properties = schema.properties ?? {};
  const switches = Object.entries(properties).filter(([, about]) => about.type === "boolean");
  const boxes = switches.map(([name, about]) => {
    const input = h("input", { type: "checkbox", checked: ASKED.includes(name) || about.default === true, id: newId("option") });
    return { name, input, element: h("label", { class: "check", for: input.id }, input, h("span", {}, words(name) ?? about.description ?? name)) };
  });
  const bound = h(
    "select",
    { id: newId("bound") },
    BOUNDS.map((value) => h("option", { value, selected: value === 0.01 }, t("{count} in {total}", { count: 1, total: number(1 / value) }))),
  );
  return {
    element: h(
      "details",
      { class: "options" },
      h("summary", {}, t("Options")),
      boxes.map(({ element }) => element),
      "fpr" in properties ? h("p", { class: "bound" }, h("label", { for: bound.id }, t("At most this share of photographs may be called by mistake:")), bound) : null,
    ),
    read() {
      const chosen = Object.fromEntries(boxes.map(({ name, input }) => [name, input.checked]));
      return "fpr" in properties ? { ...chosen, fpr: Number(bound.value) } : chosen;
    },
  };
}

function words(name) {
  return {
    thorough: t("Read more of the picture: slower, a second opinion"),
    stability: t("Ask copies too, as networks and messengers re-ship them"),
    heatmap: t("Map where the score comes from"),
    forensics: t("Look for the traces of editing: compression, noise, copied parts"),
    localize: t("Look for altered regions"),
    provenance: t("Read what the file says of itself"),
  }[name];
}
