// The p-value on a ruler: how rare it would be for a photograph to look this synthetic.

import { s } from "../dom.js";
import { rate } from "../figures.js";
import { number, t } from "../words.js";

const LEFT = 16;
const RIGHT = 404;
const LINE = 22;
const BORDERLINE = 5;

/** From every photograph on the left to the rarest on the right; shaded where a picture is called at `fpr`. */
export function ruler(p, fpr) {
  const decades = Math.max(3, Math.ceil(-Math.log10(fpr) - 1e-9) + 1);
  const at = (value) => LEFT + (RIGHT - LEFT) * Math.min(1, Math.max(0, -Math.log10(value) / decades));
  const [called, unsure, here] = [at(fpr), at(BORDERLINE * fpr), at(p)];
  const label = t("{rate} reference photographs look this synthetic; called at {bound}", { rate: rate(p), bound: rate(fpr) });
  return s(
    "svg",
    { class: "ruler", viewBox: "0 0 420 56", role: "img", "aria-label": label },
    s("rect", { class: "unsure", x: unsure, y: 12, width: called - unsure, height: 20 }),
    s("rect", { class: "called", x: called, y: 12, width: RIGHT - called, height: 20, rx: 2 }),
    s("line", { class: "axis", x1: LEFT, x2: RIGHT, y1: LINE, y2: LINE }),
    Array.from({ length: decades + 1 }, (_, i) => tick(i, decades, at(10 ** -i))),
    s("circle", { class: "halo", cx: here, cy: LINE, r: 11 }),
    s("circle", { class: "here", cx: here, cy: LINE, r: 7 }),
  );
}

function tick(i, decades, x) {
  const anchor = i === 0 ? "start" : i === decades ? "end" : "middle";
  const shift = { start: -8, middle: 0, end: 8 }[anchor];
  const words = i === 0 ? t("all") : t("{count} in {total}", { count: 1, total: number(10 ** i) });
  return s(
    "g",
    {},
    s("line", { class: "axis", x1: x, x2: x, y1: LINE - 5, y2: LINE + 5 }),
    s("text", { x: x + shift, y: 50, "text-anchor": anchor }, words),
  );
}
