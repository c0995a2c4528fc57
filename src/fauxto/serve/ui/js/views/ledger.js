// The ledger: what every system's claim measured against its control, and whether it holds.

import * as api from "../api.js";
import { h, put } from "../dom.js";
import { note } from "../router.js";
import { n, number, t } from "../words.js";

export async function ledger({ query }) {
  const { entries } = await api.ledger();
  const all = Object.values(entries).flatMap((scales) => Object.values(scales));
  const list = h("ul", { class: "claims" });
  const count = h("p", { class: "soft", role: "status" });
  const draw = () => {
    const words = (query.get("name") ?? "").toLowerCase();
    const holds = query.get("holds");
    const found = all.filter((claim) => `${claim.slug} ${claim.statement}`.toLowerCase().includes(words) && (!holds || String(claim.holds) === holds));
    put(list, found.map(entry));
    put(count, n("{count} claim", "{count} claims", found.length));
    note(query);
  };
  const set = (name) => (event) => {
    if (event.target.value) query.set(name, event.target.value);
    else query.delete(name);
    draw();
  };
  draw();
  const choices = { "": t("Every claim"), true: t("Those that hold"), false: t("Those that do not") };
  return {
    title: t("Ledger"),
    element: h(
      "div",
      { class: "ledger" },
      h("h1", {}, t("Ledger")),
      h("p", { class: "lead" }, t("Every claim was run against its control. One that does not hold is listed as such: it is a finding, not an error. Entries are in English.")),
      h(
        "form",
        { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
        h("select", { "aria-label": t("Claims"), onchange: set("holds") }, Object.entries(choices).map(([value, name]) => h("option", { value, selected: value === (query.get("holds") ?? "") }, name))),
        h("input", { type: "search", value: query.get("name") ?? "", placeholder: t("Search"), "aria-label": t("Search"), oninput: set("name") }),
      ),
      count,
      list,
    ),
  };
}

function entry(claim) {
  const { slug, scale, statement, measured, control, margin, interval, holds, unit, date } = claim;
  const range = interval ? ` (${interval.map((value) => number(value, 3)).join(" … ")})` : "";
  const figures = [
    [t("Measured"), number(measured, 3)],
    [t("Control"), number(control, 3)],
    [t("Margin"), `${margin > 0 ? "+" : ""}${number(margin, 3)}${range}`],
  ];
  return h(
    "li",
    { class: holds ? "holds" : "fails" },
    h("p", { class: "head" }, h("a", { href: `#/systems/${slug}` }, slug), h("span", { class: "strength" }, scaleName(scale)), h("span", { class: "holding" }, holds ? t("holds") : t("does not hold"))),
    h("p", { lang: "en" }, statement),
    h("dl", { class: "figures" }, figures.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    h("details", {}, h("summary", {}, t("How it was measured")), more(claim, unit, date)),
  );
}

function more({ rule, seeds, seconds, machine, checks, note: remark, slug, scale }, unit, date) {
  const rows = [
    [t("Unit"), unit],
    [t("Rule"), rule],
    [t("Seeds"), seeds?.length ? seeds.join(", ") : null],
    [t("Checks"), checks?.length ? checks.map(({ statement, passed, found }) => `${passed ? "✓" : "✗"} ${statement} (${found})`) : null],
    [t("Note"), remark],
    [t("Command"), h("code", {}, `fauxto claims ${slug} --scale ${scale}`)],
    [t("Machine"), machine],
    [t("Run"), [date, seconds ? `${number(seconds)} s` : null].filter(Boolean).join(", ")],
  ].filter(([, value]) => value);
  return h("dl", { class: "fine" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { lang: "en" }, Array.isArray(value) ? h("ul", {}, value.map((one) => h("li", {}, one))) : value))));
}

function scaleName(scale) {
  return { smoke: t("smoke test"), laptop: t("laptop"), full: t("in full") }[scale] ?? scale;
}
