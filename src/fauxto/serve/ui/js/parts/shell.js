// What surrounds every view: name, ways, language, light, and what the service is.

import { h, put } from "../dom.js";
import { setTheme, theme, THEMES } from "../theme.js";
import { LANGUAGES, language, t } from "../words.js";

export function shell({ onLanguage }) {
  const main = h("main", { id: "main" });
  const ways = [
    ["#/", t("Verify"), /^\/(scan.*|batch.*)?$/],
    ["#/history", t("History"), /^\/(history|compare)/],
    ["#/systems", t("Systems"), /^\/systems/],
    ["#/ledger", t("Ledger"), /^\/ledger/],
  ].map(([href, words, places]) => ({ places, link: h("a", { href }, words) }));
  const languages = h(
    "select",
    { class: "quiet", "aria-label": t("Language"), onchange: (event) => onLanguage(event.target.value) },
    Object.entries(LANGUAGES).map(([code, name]) => h("option", { value: code, lang: code, selected: code === language() }, name)),
  );
  const about = h("p");
  return {
    main,
    element: h(
      "div",
      { class: "frame" },
      h("a", { class: "skip", href: "#main", onclick: skip(main) }, t("Skip to the content")),
      h(
        "header",
        { class: "top" },
        h("a", { class: "brand", href: "#/" }, h("img", { src: "icon.svg", alt: "", width: 28, height: 28 }), "fauxto"),
        h("nav", { "aria-label": t("Main") }, ways.map(({ link }) => link)),
        h("div", { class: "tools" }, languages, themes()),
      ),
      main,
      h("footer", {}, about, h("p", {}, t("No scan can show that a picture is authentic. Decide by the evidence, not by one number."))),
    ),
    mark(path) {
      for (const { link, places } of ways) {
        if (places.test(path)) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    },
    tell(service) {
      const model = service.model ? t("model {name} {version}", service.model) : null;
      put(about, [`fauxto ${service.version}`, model].filter(Boolean).join(" · "), " · ", h("a", { href: "/openapi.json" }, "API"));
    },
    focusLanguage: () => languages.focus(),
  };
}

function themes() {
  const names = { auto: t("As the system"), light: t("Light"), dark: t("Dark") };
  return h(
    "select",
    { class: "quiet", "aria-label": t("Appearance"), onchange: (event) => setTheme(event.target.value) },
    THEMES.map((name) => h("option", { value: name, selected: name === theme() }, names[name])),
  );
}

function skip(main) {
  return (event) => {
    event.preventDefault();
    const heading = main.querySelector("h1") ?? main;
    heading.setAttribute("tabindex", "-1");
    heading.focus();
  };
}
