// A view for what did not work: what happened, what to do, and the way on.

import { h } from "../dom.js";
import { t } from "../words.js";

export function failure(error, again) {
  const title = error.code === "offline" ? t("The service does not answer.") : t("That did not work");
  return {
    title,
    element: h(
      "section",
      { class: "narrow failure" },
      h("h1", {}, title),
      h("p", { class: "lead" }, error.code === "offline" ? null : error.message),
      error.fix ? h("p", {}, error.fix) : null,
      h("p", { class: "actions" }, h("button", { type: "button", class: "primary", onclick: () => again() }, t("Try again")), h("a", { class: "button", href: "#/" }, t("Verify a picture"))),
    ),
  };
}
