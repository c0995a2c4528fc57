// The items of evidence: who says what, how strongly, and what it cannot show.

import { h } from "../dom.js";
import { printable } from "../figures.js";
import { layerName, strengthName } from "../verdicts.js";
import { t } from "../words.js";

export function evidence(items) {
  if (!items.length) return h("p", { class: "soft" }, t("There is none."));
  return h("ul", { class: "evidence" }, items.map(item));
}

function item({ layer, statement, strength, points_to, limits }) {
  return h(
    "li",
    { class: `${strength} ${points_to}` },
    h("p", { class: "who" }, h("span", { class: "layer" }, layerName(layer)), h("span", { class: "strength" }, strengthName(strength))),
    h("p", {}, printable(statement)),
    limits ? h("p", { class: "limits" }, printable(limits)) : null,
  );
}
