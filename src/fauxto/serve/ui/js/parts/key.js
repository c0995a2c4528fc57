// Asks for the key of a service that wants one.

import * as api from "../api.js";
import { h } from "../dom.js";
import { t } from "../words.js";

export function askForKey(error, again) {
  const wrong = api.key() !== "";
  const input = h("input", { id: "key", type: "password", autocomplete: "off", required: true, "aria-describedby": "key-note" });
  const submit = (event) => {
    event.preventDefault();
    api.setKey(input.value.trim());
    again();
  };
  const note = wrong ? t("The service does not know this key.") : t("The key is kept until you close this tab.");
  return {
    title: t("A key is needed"),
    focus: input,
    element: h(
      "form",
      { class: "narrow", onsubmit: submit },
      h("h1", {}, t("A key is needed")),
      h("p", {}, t("Who runs this service gives keys to those who may use it.")),
      h("label", { for: "key" }, t("Key")),
      input,
      h("p", { id: "key-note", class: wrong ? "warn" : "soft" }, note),
      h("p", { class: "actions" }, h("button", { class: "primary" }, t("Go on"))),
    ),
  };
}
