// Light, dark, or as the system is.

const KEPT = "fauxto.theme";
export const THEMES = ["auto", "light", "dark"];

export function theme() {
  const kept = localStorage.getItem(KEPT);
  return THEMES.includes(kept) ? kept : "auto";
}

export function setTheme(name) {
  localStorage.setItem(KEPT, name);
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
}

setTheme(theme());
