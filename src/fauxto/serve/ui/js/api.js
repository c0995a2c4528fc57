// The service: requests, uploads with progress, pictures and events, all with the key where one is needed.

import { language, t } from "./words.js";

const KEPT = "fauxto.key";

/** An answer that is no success: what is wrong, and what to do about it. */
export class Problem extends Error {
  constructor(detail, { fix = "", code = "", status = 0 } = {}) {
    super(detail);
    Object.assign(this, { fix, code, status });
  }
}

/** The key that requests are sent with; kept until the tab is closed. */
export function key() {
  return sessionStorage.getItem(KEPT) ?? "";
}

export function setKey(value) {
  if (value) sessionStorage.setItem(KEPT, value);
  else sessionStorage.removeItem(KEPT);
}

/** What the service is and takes. */
export const service = () => get("/v1/service");
export const scan = (id, wait = 0, signal) => get(`/v1/scans/${id}`, { wait, signal });
export const scans = (query, signal) => get(`/v1/scans?${query}`, { signal });
export const job = (id, signal) => get(`/v1/jobs/${id}`, { signal });
export const layer = (path, signal) => get(path, { signal });
export const systems = () => get("/v1/systems");
export const ledger = () => get("/v1/ledger");
export const remove = (path) => send(path, { method: "DELETE" });

/** Sends one picture or several; `onProgress` hears the share sent. Gives the scan or the job. */
export function upload(files, options, onProgress) {
  const body = new FormData();
  for (const file of files) body.append("file", file, file.name || "pasted.png");
  body.append("options", JSON.stringify(options));
  return post(files.length === 1 ? "/v1/scans" : "/v1/jobs", body, onProgress);
}

/** Has the service fetch a picture. */
export async function fetchAddress(url, options) {
  const headers = { "Content-Type": "application/json", Prefer: "respond-async" };
  const answer = await send("/v1/scans", { method: "POST", headers, body: JSON.stringify({ url, options }) });
  return answer.json();
}

/** An address for `<img>`: the service's own where it needs no key, else a copy in memory. */
export async function picture(path, signal) {
  if (!key()) return path;
  return URL.createObjectURL(await blob(path, signal));
}

/** What lies at a path, in the page's language, as a blob. */
export async function blob(path, signal) {
  return (await send(path, { signal })).blob();
}

/** The events of a job, one after the other: `{event, data}`. Goes on where a broken connection ended. */
export async function* events(path, signal) {
  let last = "";
  for (let failures = 0; ; ) {
    try {
      const answer = await send(path, { signal, headers: last ? { "Last-Event-ID": last } : {} });
      failures = 0;
      if (answer.status === 204) return;
      for await (const event of parse(answer.body)) {
        last = event.id || last;
        if (event.data) yield { event: event.event, data: JSON.parse(event.data) };
        if (event.event === "done") return;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof Problem && error.status && error.status < 500 && error.status !== 429) throw error;
      failures += 1;
      if (failures > 5) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** failures));
  }
}

async function get(path, { wait = 0, signal } = {}) {
  const answer = await send(path, { signal, headers: wait ? { Prefer: `wait=${wait}` } : {} });
  return answer.json();
}

async function send(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { ...own(), ...options.headers } });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw unreachable();
  }
  if (!answer.ok) throw await problem(answer.status, () => answer.json());
  return answer;
}

function post(path, body, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    const headers = { ...own(), Prefer: "respond-async" };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && onProgress?.(event.loaded / event.total);
    request.onerror = () => reject(unreachable());
    request.onload = async () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(await problem(request.status, async () => JSON.parse(request.responseText)));
    };
    request.send(body);
  });
}

function own() {
  const headers = { "Accept-Language": language() };
  if (key()) headers.Authorization = `Bearer ${key()}`;
  return headers;
}

async function problem(status, read) {
  const body = await read().catch(() => ({}));
  const words = typeof body.detail === "string" ? body.detail : t("The service answers with error {number}.", { number: status });
  return new Problem(words, { ...body, status });
}

function unreachable() {
  return new Problem(t("The service does not answer."), { fix: t("Check that it runs: fauxto serve"), code: "offline" });
}

async function* parse(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text = (text + value).replaceAll("\r\n", "\n");
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      yield event(text.slice(0, end));
      text = text.slice(end + 2);
    }
  }
}

function event(block) {
  const found = { event: "message", id: "", data: "" };
  for (const line of block.split("\n")) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name === "data") found.data += (found.data ? "\n" : "") + value;
    else if (name in found) found[name] = value;
  }
  return found;
}
