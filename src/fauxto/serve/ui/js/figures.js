// Numbers of a finding in words that claim no more than they hold.

import { number, t } from "./words.js";

/** A p-value as a rate that never understates it: "1 in 250", "62 in 100". */
export function rate(p) {
  if (p <= 0.1) return t("{count} in {total}", { count: 1, total: Math.floor(1 / p + 1e-9) });
  return t("{count} in {total}", { count: Math.ceil(100 * p - 1e-9), total: 100 });
}

/** A probability in whole percent, never rounded to a certainty. */
export function percent(p) {
  if (p > 0.99) return t("over {number} %", { number: 99 });
  if (p < 0.01) return t("under {number} %", { number: 1 });
  return t("{number} %", { number: number(100 * p) });
}

/** Text with control, invisible and direction-changing characters spelled out, so that no name can pose as another. */
export function printable(text) {
  return String(text).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u${character.codePointAt(0).toString(16).padStart(4, "0")}`;
  });
}
