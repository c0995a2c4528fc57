// What became of the call when the picture was re-shipped.

import { h } from "../dom.js";
import { rate } from "../figures.js";
import { t } from "../words.js";

export function copies({ chains }) {
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": t("Re-shipped copies") },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, [t("Shipped through"), t("Call"), t("Photographs this synthetic")].map((words) => h("th", { scope: "col" }, words)))),
      h("tbody", {}, chains.map(line)),
    ),
  );
}

function line({ chain, call, p_value, agrees }) {
  const words = {
    generated: t("generated"),
    borderline: t("borderline"),
    ordinary: t("unremarkable"),
    unsupported: t("cannot be called"),
  }[call];
  return h(
    "tr",
    { class: agrees ? null : "differs" },
    h("th", { scope: "row" }, chainName(chain)),
    h("td", {}, agrees ? words : t("{call} (differs)", { call: words })),
    h("td", { class: "number" }, rate(p_value)),
  );
}

function chainName(chain) {
  return (
    {
      "jpeg:85": t("Saved once more"),
      whatsapp: "WhatsApp",
      instagram_feed: "Instagram",
      reddit_preview: t("Reddit preview"),
      "screenshot:0.9|jpeg:90": t("Screenshot"),
    }[chain] ?? chain
  );
}
