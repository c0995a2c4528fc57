// Verify: pictures come in by dropping, pasting, picking, or as an address.

import { alarm, announce } from "../announce.js";
import * as api from "../api.js";
import { h, put } from "../dom.js";
import { options } from "../parts/options.js";
import { mark } from "../parts/mark.js";
import { go } from "../router.js";
import { headline, meaning } from "../verdicts.js";
import { n, number, size, t } from "../words.js";

export function verify({ service, signal }) {
  const chosen = options(service.options);
  const status = h("div", { class: "sending", hidden: true });
  const trouble = h("div", { class: "trouble", hidden: true });
  const picker = h("input", {
    type: "file",
    id: "picker",
    class: "unseen",
    accept: "image/*",
    multiple: true,
    onchange: () => send([...picker.files]),
  });
  const zone = h(
    "div",
    { class: "zone" },
    h("div", { class: "lens", "aria-hidden": "true" }),
    picker,
    h("label", { for: "picker", class: "button primary" }, t("Choose pictures")),
    h("p", {}, t("or drop them here, or paste one")),
    h("p", { class: "soft" }, limits(service)),
  );
  let busy = false;

  async function send(files) {
    picker.value = "";
    const refused = complaint(files, service);
    if (!files.length || busy) return;
    if (refused) return complain(refused);
    await run(
      () => api.upload(files, chosen.read(), progress),
      n("Sending {count} picture", "Sending {count} pictures", files.length),
    );
  }

  async function run(start, words) {
    busy = true;
    trouble.hidden = true;
    const bar = h("progress", { max: 100, "aria-label": words });
    put(status, h("p", {}, words), bar);
    status.hidden = false;
    announce(words);
    try {
      const sent = await start();
      if (!signal.aborted) go("progress" in sent ? `/batch/${sent.id}` : `/scan/${sent.id}`);
    } catch (error) {
      complain(error);
    } finally {
      busy = false;
      status.hidden = true;
    }
  }

  function progress(share) {
    const bar = status.querySelector("progress");
    if (bar) bar.value = 100 * share;
  }

  function complain({ message, fix }) {
    put(trouble, h("p", {}, h("strong", {}, message)), fix ? h("p", {}, fix) : null);
    trouble.hidden = false;
    alarm([message, fix].filter(Boolean).join(" "));
  }

  listen(zone, send, signal);
  return {
    title: t("Verify"),
    element: h(
      "div",
      { class: "verify" },
      h("h1", {}, t("Was this picture made or altered by a machine?")),
      h("p", { class: "lead" }, t("Where, by what, and how sure can we be? Get a verdict in words, the evidence for it, and what it cannot show.")),
      zone,
      status,
      trouble,
      service.addresses_allowed ? address(run, chosen) : null,
      chosen.element,
      answers(),
    ),
  };
}

function limits({ max_bytes, max_files, retention_seconds }) {
  const kept = retention_seconds === null ? t("Pictures stay on this server until you delete them.") : deletion(retention_seconds / 3600);
  return [t("Up to {files} at once, {size} each.", { files: number(max_files), size: size(max_bytes) }), kept].join(" ");
}

function deletion(hours) {
  if (hours < 48) return n("Pictures stay on this server and are deleted after {count} hour.", "Pictures stay on this server and are deleted after {count} hours.", Math.max(1, Math.round(hours)));
  return n("Pictures stay on this server and are deleted after {count} day.", "Pictures stay on this server and are deleted after {count} days.", Math.round(hours / 24));
}

function complaint(files, { max_bytes, max_files }) {
  const large = files.find((file) => file.size > max_bytes);
  if (large) return { message: t("{name} is too large.", { name: large.name }), fix: t("At most {size} are taken.", { size: size(max_bytes) }) };
  if (files.length > max_files) return { message: t("These are too many pictures at once."), fix: t("At most {files} are taken.", { files: number(max_files) }) };
  return null;
}

function address(run, chosen) {
  const input = h("input", { type: "url", id: "address", required: true, placeholder: "https://", autocomplete: "off" });
  const submit = (event) => {
    event.preventDefault();
    run(() => api.fetchAddress(input.value, chosen.read()), t("Fetching the picture"));
  };
  return h("form", { class: "address", onsubmit: submit }, h("label", { for: "address" }, t("Or the address of a picture")), h("span", { class: "joined" }, input, h("button", {}, t("Verify"))));
}

function answers() {
  const kinds = ["generated", "edited", "inconclusive", "no_evidence"];
  return h(
    "section",
    { class: "answers", "aria-labelledby": "answers" },
    h("h2", { id: "answers" }, t("Four answers, and none of them is “real”")),
    h("dl", {}, kinds.map((kind) => h("div", { class: kind }, h("dt", {}, mark(), headline(kind)), h("dd", {}, meaning(kind))))),
  );
}

function listen(zone, send, signal) {
  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const over = (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    zone.classList.add("over");
  };
  const away = (event) => {
    if (!event.relatedTarget) zone.classList.remove("over");
  };
  const drop = (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    zone.classList.remove("over");
    send([...event.dataTransfer.files]);
  };
  const paste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) send(files);
  };
  window.addEventListener("dragover", over, { signal });
  window.addEventListener("dragleave", away, { signal });
  window.addEventListener("drop", drop, { signal });
  window.addEventListener("paste", paste, { signal });
}
