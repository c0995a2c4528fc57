// A verdict in words, with the numbers that it stands on.

import { h } from "../dom.js";
import { percent, printable, rate } from "../figures.js";
import { headline, meaning } from "../verdicts.js";
import { t } from "../words.js";
import { mark } from "./mark.js";
import { ruler } from "./ruler.js";

/** The verdict of a finding that is no error. */
export function answer(finding) {
  return h(
    "section",
    { class: `answer ${finding.verdict}`, "aria-label": t("Verdict") },
    h("h2", { class: "verdict" }, mark(), headline(finding.verdict, finding)),
    h("p", { class: "meaning" }, meaning(finding.verdict, finding)),
    doubts(finding).map(({ statement }) => h("p", { class: "why" }, printable(statement))),
    ruler(finding.p_value, pixelBound(finding)),
    h("p", { class: "reads" }, unfit(finding)?.limits ?? reads(finding)),
    numbers(finding),
  );
}

/** What leaves a verdict open; the score itself, where it is only borderline, is read below. */
function doubts({ verdict, evidence }) {
  return verdict === "inconclusive" ? evidence.filter(({ layer, points_to }) => layer === "quality" || points_to === "conflict") : [];
}

/** Why the pixels do not count, if they do not. */
function unfit({ evidence }) {
  return evidence.find(({ layer }) => layer === "quality");
}

/** The numbers of a verdict, each with what it is. */
export function numbers({ p_value, fpr, probability, stability }) {
  const rows = [
    [t("Photographs this synthetic"), rate(p_value), t("At most this share of the reference photographs looks as synthetic.")],
    [t("False-alarm bound"), rate(fpr), t("At most this share of such photographs is called by mistake.")],
    [
      t("Copies that agree"),
      stability ? t("{agree} of {total}", stability) : "–",
      stability ? t("Re-shipped as networks and messengers do, and asked again.") : t("Re-shipping was not tried."),
    ],
    [t("Calibrated probability"), percent(probability), t("Of the pixels alone. Too high where generated pictures are rare.")],
  ];
  return h("dl", { class: "numbers" }, rows.map(([name, value, note]) => h("div", {}, h("dt", {}, name), h("dd", { class: "value" }, value), h("dd", { class: "note" }, note))));
}

/** What the p-value was compared with: the detector's share of the bound, where a localizer may decide too. */
function pixelBound({ fpr, evidence }) {
  return evidence.find(({ layer, value }) => layer === "pixels" && value?.fpr)?.value.fpr ?? fpr;
}

function reads(finding) {
  const [p_value, bound] = [finding.p_value, pixelBound(finding)];
  const values = { rate: rate(p_value), bound: rate(bound) };
  if (p_value <= bound) return t("At most {rate} reference photographs look this synthetic: rarer than the bound of {bound}.", values);
  return t("Up to {rate} reference photographs look this synthetic: not rarer than the bound of {bound}.", values);
}
