// Asks before what cannot be undone.

import { h } from "../dom.js";
import { t } from "../words.js";

/** True when the answer is yes; Escape is no. Focus goes back to where it was. */
export function confirm(question, yes) {
  return new Promise((resolve) => {
    const dialog = h(
      "dialog",
      { "aria-label": question },
      h(
        "form",
        { method: "dialog" },
        h("p", {}, question),
        h("p", { class: "actions" }, h("button", { value: "no" }, t("Cancel")), h("button", { value: "yes", class: "primary" }, yes)),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
