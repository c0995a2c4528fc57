// The page: opens the view of the present address, and again in another language.

import { announce } from "./announce.js";
import * as api from "./api.js";
import { put } from "./dom.js";
import { failure } from "./parts/failure.js";
import { askForKey } from "./parts/key.js";
import { shell } from "./parts/shell.js";
import { here, route } from "./router.js";
import { begin, choose, t } from "./words.js";
import { batch } from "./views/batch.js";
import { compare } from "./views/compare.js";
import { history } from "./views/history.js";
import { ledger } from "./views/ledger.js";
import { scan } from "./views/scan.js";
import { system, systems } from "./views/systems.js";
import { verify } from "./views/verify.js";

route("/", verify);
route("/scan/:id", scan);
route("/batch/:id", batch);
route("/compare", compare);
route("/history", history);
route("/systems", systems);
route("/systems/:slug", system);
route("/ledger", ledger);

let frame;
let leaving = new AbortController();
let service = null;

async function open({ moved = true } = {}) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const place = here();
  frame.mark(place?.path ?? "");
  frame.main.setAttribute("aria-busy", "true");
  try {
    service ??= await api.service();
    frame.tell(service);
    if (service.key_needed && !api.key()) throw new api.Problem("", { status: 401 });
    if (!place) throw new api.Problem(t("There is nothing at this address."), { code: "nowhere" });
    const view = await place.open({ ...place, signal, service, again: open });
    if (!signal.aborted) show(view, moved);
  } catch (error) {
    if (signal.aborted) return;
    if (error.status === 401) show(askForKey(error, open), moved);
    else show(failure(error, open), moved);
    if (!(error instanceof api.Problem)) console.error(error);
  }
}

function show({ title, element, focus }, moved) {
  document.title = title ? `${title} · fauxto` : "fauxto";
  put(frame.main, element);
  frame.main.removeAttribute("aria-busy");
  if (!moved) return;
  window.scrollTo(0, 0);
  const heading = focus ?? frame.main.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
  announce(title);
}

function build() {
  frame = shell({
    onLanguage: async (code) => {
      await choose(code);
      build();
      frame.focusLanguage();
      await open({ moved: false });
    },
  });
  put(document.getElementById("page"), frame.element);
}

await begin();
build();
window.addEventListener("hashchange", () => open());
await open({ moved: false });
