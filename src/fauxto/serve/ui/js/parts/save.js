// Saves what the service makes as a file, with the key and in the language of the page.

import * as api from "../api.js";
import { h } from "../dom.js";

export async function save(path, name) {
  const href = URL.createObjectURL(await api.blob(path));
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
