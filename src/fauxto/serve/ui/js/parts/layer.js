// What a layer says: its number, how often it flags untouched photographs, and where it is known to fail.

import { announce } from "../announce.js";
import * as api from "../api.js";
import { h, put } from "../dom.js";
import { printable } from "../figures.js";
import { layerName } from "../verdicts.js";
import { figure, t } from "../words.js";

/** The layers of a scan for a stage; each is drawn by the service when it is chosen. */
export function layersOf({ links, finding }) {
  const flagged = new Set(finding.evidence.filter(({ points_to }) => points_to === "edited").map(({ layer, value }) => value?.name ?? layer));
  return Object.entries(links.layers).map(([name, src]) => ({
    name,
    src,
    flagged: flagged.has(name),
    tell: (place, signal) => tell(name, src.replace(/\.png$/, ".json"), place, signal),
  }));
}

/** Says in `place` what a layer shows; gives whether it has a map. */
async function tell(name, path, place, signal) {
  const working = t("Drawing this layer");
  put(place, h("p", { class: "soft" }, working), h("progress", { "aria-label": working }));
  try {
    const layer = await api.layer(path, signal);
    if (place.querySelector("progress")) {
      put(place, words(layer));
      announce([layer.title, state(layer)].join(": "));
    }
    return layer.maps;
  } catch (error) {
    if (!signal.aborted) put(place, h("h3", {}, layerName(name)), h("p", { class: "warn" }, error.message), h("p", {}, error.fix));
    return false;
  }
}

function words(layer) {
  const rows = [
    [t("Number"), layer.number === null ? "–" : [figure(layer.number), " ", h("span", { class: "soft" }, `(${layer.unit})`)]],
    [t("Flagged above"), layer.threshold === null ? "–" : figure(layer.threshold)],
    [t("Untouched photographs"), layer.false_alarms || "–"],
    [t("Looks for"), layer.looks_for],
    [t("Cannot show"), printable(layer.limits)],
    [t("Fails on"), layer.fails_on.length ? h("ul", {}, layer.fails_on.map((one) => h("li", {}, one))) : "–"],
  ];
  return [
    h("p", { class: "who" }, h("span", { class: "layer" }, layer.title), h("span", { class: `strength ${layer.flagged ? "flagged" : ""}` }, state(layer))),
    h("p", {}, printable(layer.statement)),
    h("dl", { class: "fine" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
  ];
}

function state({ flagged, maps, number }) {
  if (number === null) return t("cannot be asked of this picture");
  return [flagged ? t("flagged") : t("not flagged"), maps ? null : t("shows no place")].filter(Boolean).join(", ");
}
