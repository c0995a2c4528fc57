// History: every scan that is kept, filtered by verdict and name; two of them can be chosen to be compared.

import { announce } from "../announce.js";
import * as api from "../api.js";
import { h, put } from "../dom.js";
import { filters } from "../parts/filters.js";
import { row } from "../parts/rows.js";
import { go, note } from "../router.js";
import { n, t } from "../words.js";

const PAGE = 50;

export async function history({ query, signal }) {
  const list = h("ul", { class: "rows" });
  const more = h("button", { type: "button", hidden: true, onclick: () => load(false) }, t("Show more"));
  const count = h("p", { class: "soft", role: "status" });
  const picked = picks(query.get("with"));
  let after = null;
  let asked = 0;

  async function load(fresh) {
    const asking = ++asked;
    const wanted = new URLSearchParams(query);
    wanted.delete("with");
    wanted.set("limit", PAGE);
    if (!fresh && after) wanted.set("after", after);
    const page = await api.scans(wanted, signal);
    if (asking !== asked || signal.aborted) return;
    if (fresh) put(list);
    list.append(...page.items.map((scan) => row(scan, picked.box(scan))));
    after = page.next;
    more.hidden = !after;
    put(count, n("{count} picture", "{count} pictures", page.total));
    empty.hidden = page.total > 0;
    list.hidden = page.total === 0;
  }

  const filtered = query.has("outcome") || query.has("name");
  const empty = h("div", { class: "empty", hidden: true }, h("p", { class: "lead" }, filtered ? t("No picture fits these filters.") : t("Nothing was verified yet.")), h("a", { class: "button primary", href: "#/" }, t("Verify a picture")));
  const change = async () => {
    note(query);
    await load(true);
    announce(count.textContent);
  };
  await load(true);
  return {
    title: t("History"),
    element: h(
      "div",
      { class: "history" },
      h("h1", {}, t("History")),
      query.get("with") ? h("p", { class: "lead" }, t("Choose the picture to compare with.")) : null,
      filters(query, change),
      count,
      list,
      empty,
      h("p", { class: "actions" }, more),
      picked.bar,
    ),
  };
}

/** Boxes to choose scans, and the bar that takes two of them to a comparison. */
function picks(first) {
  const chosen = new Set(first ? [first] : []);
  const button = h("button", { type: "button", class: "primary", onclick: () => go(`/compare?${new URLSearchParams([...chosen].map((id, i) => ["ab"[i], id]))}`) }, t("Compare the two"));
  const words = h("span", {});
  const bar = h("div", { class: "pickbar", role: "status" }, words, button);
  const draw = () => {
    bar.hidden = chosen.size === 0;
    button.disabled = chosen.size !== 2;
    put(words, n("{count} picture chosen", "{count} pictures chosen", chosen.size));
  };
  draw();
  return {
    bar,
    box({ id, name, outcome }) {
      if (!outcome || outcome === "error") return h("span", { class: "choice" });
      const toggle = (event) => {
        if (event.target.checked) chosen.add(id);
        else chosen.delete(id);
        draw();
      };
      return h("span", { class: "choice" }, h("input", { type: "checkbox", checked: chosen.has(id), "aria-label": t("Choose {name} to compare", { name }), onchange: toggle }));
    },
  };
}
