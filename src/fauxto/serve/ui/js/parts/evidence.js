// The items of evidence: who says what, how strongly, and what it cannot show.

import { h } from "../dom.js";
import { printable } from "../figures.js";
import { layerName, strengthName } from "../verdicts.js";
import { n, t } from "../words.js";

/** Every item; traces that show nothing unusual are folded away. `show(layer)` lays the map of a trace over the picture. */
export function evidence(items, show = null) {
  const item = (one) => line(one, show);
  if (!items.length) return h("p", { class: "soft" }, t("There is none."));
  const quiet = items.filter(({ layer, strength }) => layer === "forensics" && strength === "none");
  const speaking = items.filter((one) => !quiet.includes(one));
  return [
    h("ul", { class: "evidence" }, speaking.map(item)),
    quiet.length
      ? h("details", { class: "quiet" }, h("summary", {}, n("{count} trace shows nothing unusual", "{count} traces show nothing unusual", quiet.length)), h("ul", { class: "evidence" }, quiet.map(item)))
      : null,
  ];
}

function line({ layer, statement, strength, points_to, limits, value }, show) {
  return h(
    "li",
    { class: `${strength} ${points_to}` },
    h("p", { class: "who" }, h("span", { class: "layer" }, layerName(layer)), h("span", { class: "strength" }, strengthName(strength, layer))),
    h("p", {}, printable(statement)),
    limits ? h("p", { class: "limits" }, printable(limits)) : null,
    show && value?.maps ? h("p", {}, h("button", { type: "button", class: "slight", onclick: () => show(value.name) }, t("Show on the picture"))) : null,
  );
}
