// One picture: on its way, then its verdict with all that speaks for it.

import { alarm, announce } from "../announce.js";
import * as api from "../api.js";
import { h, put } from "../dom.js";
import { answer } from "../parts/answer.js";
import { confirm } from "../parts/confirm.js";
import { copies } from "../parts/copies.js";
import { evidence } from "../parts/evidence.js";
import { layersOf } from "../parts/layer.js";
import { mark } from "../parts/mark.js";
import { provenance } from "../parts/provenance.js";
import { save } from "../parts/save.js";
import { stage } from "../parts/stage.js";
import { go } from "../router.js";
import { headline, reason } from "../verdicts.js";
import { n, size, t, when } from "../words.js";

const WAIT = 10;

export async function scan({ parameters, signal }) {
  const first = await api.scan(parameters.id, 0, signal);
  const element = h("article", { class: "scan" });
  const show = (found) => put(element, heading(found), found.status === "done" ? done(found, signal) : waiting(found));
  show(first);
  if (first.status !== "done") follow(first.id, show, signal);
  return { title: first.name, element };
}

/** Asks until the scan is done, then says the verdict aloud. */
async function follow(id, show, signal) {
  try {
    for (;;) {
      const found = await api.scan(id, WAIT, signal);
      if (signal.aborted) return;
      show(found);
      if (found.status === "done") return announce(headline(found.outcome, found.finding));
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  } catch (error) {
    if (!signal.aborted) alarm(`${error.message} ${error.fix ?? ""}`);
  }
}

function heading({ name }) {
  return h("h1", { class: "file" }, h("bdi", {}, name));
}

function waiting({ status, ahead }) {
  const words = status === "running" ? t("At work") : ahead ? n("{count} picture is before this one", "{count} pictures are before this one", ahead) : t("Waiting");
  return h("div", { class: "waiting" }, h("div", { class: "lens busy", "aria-hidden": "true" }), h("p", { class: "lead" }, words), h("progress", { "aria-label": words }));
}

function done(found, signal) {
  if (found.outcome === "error") return failed(found);
  const { finding, changes = [] } = found;
  const seen = view(found, signal);
  return [
    h("div", { class: "columns" }, h("div", { class: "right" }, answer(finding), actions(found)), h("div", { class: "left" }, seen.element)),
    h("div", { class: "columns below" },
      h("section", { class: "left" }, h("h2", {}, t("Evidence")), evidence(finding.evidence, seen.show)),
      h("div", { class: "right" },
        changes.length ? h("section", {}, h("h2", {}, t("What would change this verdict")), h("ul", { class: "changes" }, changes.map((words) => h("li", {}, words)))) : null,
        finding.provenance ? h("section", {}, h("h2", {}, t("What the file says of itself")), provenance(finding.provenance)) : null,
      ),
    ),
    finding.stability ? h("section", {}, h("h2", {}, t("Re-shipped copies")), copies(finding.stability)) : null,
    h("section", {}, h("h2", {}, t("For the record")), record(found)),
  ];
}

function view(found, signal) {
  const { name, links, options } = found;
  const layers = layersOf(found);
  const first = options.heatmap ? "heatmap" : layers.find(({ flagged }) => flagged)?.name;
  return stage({ base: { src: links.picture, alt: t("The picture {name}", { name }) }, layers, signal, first: first ?? null });
}

function actions({ id, name, links }) {
  const base = name.replace(/\.\w{1,5}$/, "").replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 60) || "picture";
  const guard = (work) => async () => {
    try {
      await work();
    } catch (error) {
      alarm(`${error.message} ${error.fix ?? ""}`);
    }
  };
  const button = (words, work) => h("button", { type: "button", onclick: guard(work) }, words);
  return h(
    "p",
    { class: "actions" },
    button(t("Save report"), () => save(links.report_html, `${base}.report.html`)),
    button(t("Save data (JSON)"), () => save(links.report_json, `${base}.report.json`)),
    h("a", { class: "button", href: `#/history?with=${id}` }, t("Compare")),
    button(t("Copy link"), async () => {
      await navigator.clipboard.writeText(location.href);
      announce(t("The link is copied."));
    }),
    button(t("Delete"), async () => {
      if (!(await confirm(t("Delete the picture and its verdict from this server?"), t("Delete")))) return;
      await api.remove(links.self);
      announce(t("Deleted."));
      go("/history");
    }),
  );
}

function failed({ error, finding }) {
  const { code, what, fix } = error ?? finding?.error ?? {};
  const known = reason(code);
  return h(
    "section",
    { class: "answer error" },
    h("h2", { class: "verdict" }, mark(), headline("error")),
    h("p", { class: "meaning" }, known ?? t("Nothing is known about this file.")),
    h("p", { class: "limits", lang: known ? "en" : null }, [what, fix].filter(Boolean).join(" ")),
    h("p", { class: "actions" }, h("a", { class: "button", href: "#/" }, t("Verify another picture"))),
  );
}

function record({ created, expires, bytes, sha256, finding }) {
  const { model, seconds, logit } = finding;
  const rows = [
    [t("Scanned"), when(created)],
    [t("Deleted on"), expires ? when(expires) : t("only when you delete it")],
    [t("Size of the file"), bytes ? size(bytes) : null],
    [t("SHA-256 of the file"), sha256, true],
    [t("Model"), model ? `${model.name} ${model.version}` : null],
    [t("SHA-256 of the model"), model?.sha256, true],
    [t("Raw score (logit)"), logit.toFixed(3)],
    [t("Time for the scan"), seconds ? `${seconds.toFixed(2)} s` : null],
  ].filter(([, value]) => value);
  return h("dl", { class: "fine" }, rows.map(([name, value, code]) => h("div", {}, h("dt", {}, name), h("dd", {}, code ? h("code", {}, value) : value))));
}
