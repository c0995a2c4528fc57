// Which view an address shows. The place is in the fragment, so that any static server can hand out the page.

const routes = [];

/** Shows what `open(parameters, query)` makes at addresses of this pattern, such as "/scan/:id". */
export function route(pattern, open) {
  const names = [];
  const source = pattern.replace(/:(\w+)/g, (_, name) => names.push(name) && "([^/]+)");
  routes.push({ expression: new RegExp(`^${source}/?$`), names, open });
}

/** The view of the present address: `{open, parameters, query}`, or null. */
export function here() {
  const [path, search = ""] = (location.hash.slice(1) || "/").split("?");
  for (const { expression, names, open } of routes) {
    const found = expression.exec(path);
    if (!found) continue;
    const parameters = Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(found[i + 1])]));
    return { open, parameters, path, query: new URLSearchParams(search) };
  }
  return null;
}

/** Goes to an address of the page. */
export function go(path) {
  location.hash = path;
}

/** Replaces the query of the present address without a step in the history, and without opening the view again. */
export function note(query) {
  const [path] = (location.hash.slice(1) || "/").split("?");
  const text = query.toString();
  history.replaceState(null, "", `#${path}${text ? `?${text}` : ""}`);
}
