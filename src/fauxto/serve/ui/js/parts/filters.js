// Filters of a list: outcomes as switches, and part of a name. The query of the address keeps them.

import { h } from "../dom.js";
import { brief, OUTCOMES } from "../verdicts.js";
import { t } from "../words.js";
import { mark } from "./mark.js";

/** Changes `query` and calls `change`; `counts` (outcome to number) is shown where it is given. */
export function filters(query, change, { counts = null, search = true } = {}) {
  let timer;
  const type = (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (event.target.value) query.set("name", event.target.value);
      else query.delete("name");
      change();
    }, 250);
  };
  return h(
    "form",
    { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
    h("div", { class: "chips", role: "group", "aria-label": t("Verdicts") }, OUTCOMES.map((outcome) => chip(outcome, query, change, counts))),
    search ? h("input", { type: "search", value: query.get("name") ?? "", placeholder: t("Part of the name"), "aria-label": t("Part of the name"), oninput: type }) : null,
  );
}

function chip(outcome, query, change, counts) {
  const on = () => query.getAll("outcome").includes(outcome);
  const toggle = () => {
    const rest = query.getAll("outcome").filter((other) => other !== outcome);
    const next = on() ? rest : [...rest, outcome];
    query.delete("outcome");
    for (const value of next) query.append("outcome", value);
    button.setAttribute("aria-pressed", String(on()));
    change();
  };
  const count = counts ? h("span", { class: "count", "data-outcome": outcome }, counts[outcome] ?? 0) : null;
  const button = h("button", { type: "button", class: outcome, "aria-pressed": String(on()), onclick: toggle }, mark(), brief(outcome), count);
  return button;
}
