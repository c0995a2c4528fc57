// The page's words: English in the code, the other languages from catalogues made from the same source as the reports.

/** Every language, by its code, in its own name. */
export const LANGUAGES = { en: "English", de: "Deutsch", fr: "Français", es: "Español", zh: "简体中文" };

const KEPT = "fauxto.language";
let current = "en";
let catalogue = {};

/** The code of the language that the page speaks. */
export function language() {
  return current;
}

/** Loads the language that was chosen, or that the browser asks for. */
export async function begin() {
  const asked = [localStorage.getItem(KEPT), ...navigator.languages].filter(Boolean);
  await load(asked.map((tag) => tag.split("-")[0].toLowerCase()).find((code) => code in LANGUAGES) ?? "en");
}

/** Speaks another language from now on. */
export async function choose(code) {
  localStorage.setItem(KEPT, code);
  await load(code);
}

/** `text` in the page's language, its {placeholders} filled in. */
export function t(text, values = {}) {
  return fill(catalogue[text] ?? text, values);
}

/** `one` or `many` by `count`, which fills {count}. */
export function n(one, many, count, values = {}) {
  const forms = catalogue[one] ?? [one, many];
  const first = new Intl.PluralRules(current).select(count) === "one" ? 0 : forms.length - 1;
  return fill(forms[first], { count: number(count), ...values });
}

/** A number as the language writes it. */
export function number(value, digits = 0) {
  return new Intl.NumberFormat(current, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value);
}

/** A number to three digits that count. */
export function figure(value) {
  return new Intl.NumberFormat(current, { maximumSignificantDigits: 3 }).format(value);
}

/** A date with time, or the words of a time that is near. */
export function when(iso) {
  return new Intl.DateTimeFormat(current, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

/** A size in bytes, in the unit that fits. */
export function size(bytes) {
  const [unit, divisor] = bytes < 1e3 ? ["byte", 1] : bytes < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  return new Intl.NumberFormat(current, { style: "unit", unit, maximumSignificantDigits: 3 }).format(bytes / divisor);
}

async function load(code) {
  catalogue = {};
  if (code !== "en") {
    const answer = await fetch(new URL(`../languages/${code}.json`, import.meta.url));
    if (answer.ok) catalogue = await answer.json();
  }
  current = code;
  document.documentElement.lang = code === "zh" ? "zh-Hans" : code;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
