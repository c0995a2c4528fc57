// A batch: how far it is, what it found so far, and each picture as it is done.

import { alarm, announce } from "../announce.js";
import * as api from "../api.js";
import { h, put } from "../dom.js";
import { filters } from "../parts/filters.js";
import { row } from "../parts/rows.js";
import { note } from "../router.js";
import { n, number, t } from "../words.js";

const PAGE = 100;

export async function batch({ parameters, query, signal }) {
  const job = await api.job(parameters.id, signal);
  const bar = h("progress", { max: 1, "aria-label": t("Progress of the batch") });
  const words = h("p", { class: "lead" });
  const list = h("ul", { class: "rows" });
  const shown = new Map();
  const chips = filters(query, () => {
    note(query);
    narrow();
  }, { counts: job.progress.outcomes, search: false });

  const narrow = () => {
    const wanted = query.getAll("outcome");
    for (const { element, scan } of shown.values()) element.hidden = wanted.length > 0 && !wanted.includes(scan.outcome);
  };
  const add = (scan) => {
    const element = row(scan);
    const old = shown.get(scan.id)?.element;
    if (old) old.replaceWith(element);
    else list.append(element);
    shown.set(scan.id, { element, scan });
  };
  const tell = ({ total, finished, outcomes }) => {
    bar.max = total || 1;
    bar.value = finished;
    bar.hidden = finished >= total;
    put(words, finished < total ? t("{finished} of {total} done", { finished: number(finished), total: number(total) }) : n("{count} picture done", "{count} pictures done", total));
    for (const badge of chips.querySelectorAll(".count")) badge.textContent = outcomes[badge.dataset.outcome] ?? 0;
  };

  tell(job.progress);
  for await (const scan of all(job.id, signal)) add(scan);
  narrow();
  if (job.status !== "done") follow();

  async function follow() {
    let quarter = 0;
    try {
      for await (const { data } of api.events(job.links.events, signal)) {
        if (data.scan) add(data.scan);
        tell(data.progress);
        narrow();
        const reached = Math.floor((4 * data.progress.finished) / (data.progress.total || 1));
        if (reached > quarter) announce(words.textContent);
        quarter = reached;
      }
    } catch (error) {
      if (!signal.aborted) alarm(`${error.message} ${error.fix ?? ""}`);
    }
  }

  return {
    title: job.name || t("Batch"),
    element: h("div", { class: "batch" }, h("h1", {}, job.name ? h("bdi", {}, job.name) : t("Batch")), words, bar, chips, list),
  };
}

async function* all(id, signal) {
  let after = null;
  do {
    const page = await api.scans(new URLSearchParams({ job: id, limit: PAGE, ...(after ? { after } : {}) }), signal);
    yield* page.items;
    after = page.next;
  } while (after);
}
