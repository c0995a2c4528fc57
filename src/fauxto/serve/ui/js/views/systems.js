// The systems: every published method that the house knows, and the whole card of one.

import * as api from "../api.js";
import { h, put } from "../dom.js";
import { note } from "../router.js";
import { n, number, t } from "../words.js";

export async function systems({ query }) {
  const all = await api.systems();
  const kinds = [...new Set(all.flatMap((system) => system.kinds))].sort();
  const list = h("ul", { class: "cards" });
  const count = h("p", { class: "soft", role: "status" });
  const draw = () => {
    const words = (query.get("name") ?? "").toLowerCase();
    const kind = query.get("kind");
    const found = all.filter((system) => (!kind || system.kinds.includes(kind)) && `${system.slug} ${system.title} ${system.card?.idea ?? ""}`.toLowerCase().includes(words));
    put(list, found.map(card));
    const works = found.filter(({ status }) => status === "works").length;
    put(count, n("{count} system", "{count} systems", found.length), " · ", t("{number} with a claim that is re-checked", { number: number(works) }));
    note(query);
  };
  const set = (name) => (event) => {
    if (event.target.value) query.set(name, event.target.value);
    else query.delete(name);
    draw();
  };
  draw();
  return {
    title: t("Systems"),
    element: h(
      "div",
      { class: "systems" },
      h("h1", {}, t("Systems")),
      h("p", { class: "lead" }, t("The published methods behind fauxto, each with what it claims and where it fails. Cards are in English.")),
      h(
        "form",
        { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
        h("select", { "aria-label": t("Kind"), onchange: set("kind") }, h("option", { value: "" }, t("Every kind")), kinds.map((kind) => h("option", { value: kind, selected: kind === query.get("kind") }, kindName(kind)))),
        h("input", { type: "search", value: query.get("name") ?? "", placeholder: t("Search"), "aria-label": t("Search"), oninput: set("name") }),
      ),
      count,
      list,
    ),
  };
}

export async function system({ parameters }) {
  const found = (await api.systems()).find(({ slug }) => slug === parameters.slug);
  if (!found) throw new api.Problem(t("There is nothing at this address."));
  const { card } = found;
  const rows = [
    [t("Kind"), found.kinds.map(kindName).join(", ")],
    [t("Published"), found.year ? `${found.venue} ${found.year}` : null],
    [t("State"), stateName(found.status)],
    [t("Idea"), card?.idea],
    [t("Claim"), card?.claim],
    [t("Reads"), card ? [card.input.size ? `${card.input.size} × ${card.input.size}` : null, card.input.crop, card.input.range].filter(Boolean).join(", ") : null],
    [t("Gives"), card?.output],
    [t("Fails on"), card?.fails_on],
    [t("Choices"), card?.choices],
    [t("Home"), found.homes],
  ].filter(([, value]) => value && value.length);
  return {
    title: found.title,
    element: h(
      "article",
      { class: "system" },
      h("p", {}, h("a", { href: "#/systems" }, t("All systems"))),
      h("h1", { lang: "en" }, card?.title ?? found.title),
      h("dl", { class: "card-of" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { lang: "en" }, Array.isArray(value) ? h("ul", {}, value.map((one) => h("li", {}, one))) : value)))),
      h("p", { class: "actions" }, h("a", { class: "button", href: `#/ledger?name=${found.slug}` }, t("What its claim measured"))),
    ),
  };
}

function card({ slug, title, venue, year, kinds, status, card: whole }) {
  return h(
    "li",
    {},
    h("a", { href: `#/systems/${slug}` }, h("span", { class: "title", lang: "en" }, title)),
    h("p", { class: "soft" }, [kinds.map(kindName).join(", "), year ? `${venue} ${year}` : null].filter(Boolean).join(" · ")),
    whole ? h("p", { class: "idea", lang: "en" }, whole.idea) : null,
    h("p", { class: `state ${status}` }, stateName(status)),
  );
}

export function kindName(kind) {
  return (
    {
      detector: t("detector"),
      localizer: t("localizer"),
      attributor: t("attributor"),
      explainer: t("explainer"),
      attack: t("attack"),
      generator: t("generator"),
      benchmark: t("benchmark"),
      study: t("study"),
    }[kind] ?? kind
  );
}

function stateName(status) {
  return { works: t("works: its claim is re-checked"), planned: t("planned"), "third-party": t("of another package") }[status] ?? status;
}
