// Scans as a list: one line each, a link to the whole.

import { h } from "../dom.js";
import { rate } from "../figures.js";
import { brief, reason } from "../verdicts.js";
import { size, t, when } from "../words.js";
import { mark } from "./mark.js";

/** A line for a scan; `choice` is put before it. */
export function row(scan, choice = null) {
  return h(
    "li",
    { class: `row ${scan.outcome ?? "waiting"}`, "data-id": scan.id },
    choice,
    h(
      "a",
      { href: `#/scan/${scan.id}` },
      h("span", { class: "name" }, h("bdi", {}, scan.name)),
      h("span", { class: "outcome" }, mark(), scan.outcome ? brief(scan.outcome) : waiting(scan)),
      h("span", { class: "figure" }, figure(scan)),
      h("span", { class: "soft" }, [when(scan.created), scan.bytes ? size(scan.bytes) : null].filter(Boolean).join(" · ")),
    ),
  );
}

function figure({ outcome, p_value, error }) {
  if (outcome === "error") return reason(error?.code) ?? "";
  return p_value === null || p_value === undefined ? "" : t("{rate} photographs look this synthetic", { rate: rate(p_value) });
}

function waiting({ status }) {
  return status === "running" ? t("At work") : t("Waiting");
}
