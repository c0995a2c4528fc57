// Two pictures beside each other: one drawn over the other, then what was found in each.

import * as api from "../api.js";
import { h } from "../dom.js";
import { percent, rate } from "../figures.js";
import { evidence } from "../parts/evidence.js";
import { mark } from "../parts/mark.js";
import { stage } from "../parts/stage.js";
import { headline } from "../verdicts.js";
import { size, t } from "../words.js";

export async function compare({ query, signal }) {
  const ids = [query.get("a"), query.get("b")];
  if (!ids.every(Boolean)) throw new api.Problem(t("Two pictures are needed."), { fix: t("Choose them in the history.") });
  const [a, b] = await Promise.all(ids.map((id) => api.scan(id, 10, signal)));
  if (!a.finding?.verdict || !b.finding?.verdict) throw new api.Problem(t("One of the pictures has no verdict."));
  const title = t("Compare");
  return {
    title,
    element: h(
      "div",
      { class: "compare" },
      h("h1", {}, title),
      h("div", { class: "columns" }, h("div", { class: "left" }, both(a, b, signal)), h("div", { class: "right" }, table(a, b))),
      h("div", { class: "columns even" }, [a, b].map((scan) => h("section", {}, h("h2", { class: "file" }, h("a", { href: `#/scan/${scan.id}` }, h("bdi", {}, scan.name))), evidence(scan.finding.evidence)))),
    ),
  };
}

function both(a, b, signal) {
  const label = t("{name}, drawn over the other", { name: b.name });
  return stage({
    base: { src: a.links.picture, alt: t("The picture {name}", { name: a.name }) },
    layers: [{ name: "other", src: b.links.picture, alt: t("The picture {name}", { name: b.name }), label }],
    signal,
  }).element;
}

function table(a, b) {
  const same = a.sha256 === b.sha256;
  const rows = [
    [t("Verdict"), (scan) => h("span", { class: `outcome ${scan.outcome}` }, mark(), headline(scan.outcome, scan.finding))],
    [t("Photographs this synthetic"), ({ finding }) => rate(finding.p_value)],
    [t("False-alarm bound"), ({ finding }) => rate(finding.fpr)],
    [t("Calibrated probability"), ({ finding }) => percent(finding.probability)],
    [t("Copies that agree"), ({ finding }) => (finding.stability ? t("{agree} of {total}", finding.stability) : "–")],
    [t("Size of the file"), ({ bytes }) => (bytes ? size(bytes) : "–")],
  ];
  return [
    h("p", { class: "lead" }, same ? t("The two files are the same, byte for byte.") : t("The two files differ.")),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": t("What was found in each") },
      h(
        "table",
        { role: "table" },
        h("thead", { role: "rowgroup" }, line(h("td", { role: "cell" }), [a, b].map(({ name }) => h("th", { role: "columnheader", scope: "col" }, h("bdi", {}, name))))),
        h("tbody", { role: "rowgroup" }, rows.map(([name, value]) => line(h("th", { role: "rowheader", scope: "row" }, name), [a, b].map((scan) => h("td", { role: "cell" }, value(scan)))))),
      ),
    ),
  ];
}

// The roles are said, since a table that a phone lays out as a grid would lose them.
function line(head, cells) {
  return h("tr", { role: "row" }, head, cells);
}
