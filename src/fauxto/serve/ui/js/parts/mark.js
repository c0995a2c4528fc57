// The sign of an outcome: told by form, not only by colour.

import { h } from "../dom.js";

export const mark = () => h("span", { class: "mark", "aria-hidden": "true" });
