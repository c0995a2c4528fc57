// What the file says of itself: credentials, tags, and all of it as it stands.

import { h } from "../dom.js";
import { printable } from "../figures.js";
import { strengthName } from "../verdicts.js";
import { t, when } from "../words.js";

export function provenance(found) {
  const { c2pa, tags } = found;
  return h(
    "div",
    { class: "provenance" },
    h("p", {}, summary(found)),
    h("h3", {}, t("Content credentials")),
    h("p", {}, state(c2pa.state)),
    c2pa.state === "none" ? null : credentials(c2pa),
    h("h3", {}, t("Tags that speak of origin")),
    tags.length ? h("ul", { class: "tags" }, tags.map(tag)) : h("p", {}, t("No tag in the file speaks of a camera or a generator.")),
    h("details", {}, h("summary", {}, t("All of it, as data")), h("pre", { tabindex: "0", lang: "en" }, printable(JSON.stringify(found, null, 2)).replaceAll("\\u000a", "\n"))),
  );
}

function summary({ summary: word, decisive }) {
  const words = {
    ai_generated: t("The file says that it was made by a generator."),
    ai_edited: t("The file says that a generator was used for some of it."),
    camera: t("The file says that it comes from a camera."),
    conflict: t("The file contradicts itself about where it comes from."),
    unknown: t("The file says nothing about where it comes from. That is common and shows nothing."),
  }[word];
  if (word === "unknown") return words;
  return [words, decisive ? t("A trusted signature stands behind it.") : t("Anyone can write that.")].join(" ");
}

function state(word) {
  return {
    trusted: t("Signed, intact, and the signer is on the trust list."),
    valid_unknown_signer: t("Signed and intact, but the signer is on no trust list."),
    broken: t("Signed, but altered after signing."),
    unreadable: t("There are some, but they cannot be read."),
    none: t("The file carries none."),
  }[word];
}

function credentials({ issuer, generator, signed_at, digital_source_type }) {
  const rows = [
    [t("Signed by"), issuer],
    [t("Made with"), generator],
    [t("Signed on"), signed_at && !Number.isNaN(Date.parse(signed_at)) ? when(signed_at) : signed_at],
    [t("Source type"), digital_source_type],
  ].filter(([, value]) => value);
  return h("dl", { class: "fine" }, rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, h("bdi", {}, printable(value))))));
}

function tag({ carrier, field, value, generator, strength }) {
  const name = field.replace(/^\{.*\}/, "");
  return h(
    "li",
    {},
    h("p", { class: "who" }, h("span", { class: "layer" }, printable(carrier)), name ? h("code", {}, printable(name)) : null, h("span", { class: "strength" }, strengthName(strength, "metadata"))),
    h("p", {}, h("bdi", {}, printable(value)), generator ? h("span", { class: "soft" }, " ", t("(as {generator} writes it)", { generator: printable(generator) })) : null),
  );
}
