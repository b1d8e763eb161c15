// What is shown stands in the address, all of it: names that the server reads, and those of the page alone
// (open, q, tab, topics, tail, wall, at). In: changes. Out: what is asked for.

const SHOWN = ["view", "layout", "fold", "all", "focus", "hops", "reaches", "depth", "group-by", "top", "span", "include", "exclude", "run", "speed", "compare"];
/** What shows only a part, and is left to see all again. */
export const PARTS = ["view", "focus", "hops", "reaches", "include", "exclude"];

/** The address as names and values. */
export function read() {
  return new URLSearchParams(location.search);
}

/** The part that the server reads, in one order. */
export function shownOf(said) {
  return new URLSearchParams([...said].filter(([name]) => SHOWN.includes(name)).sort()).toString();
}

/** Changes the address: a value, several, or null for none. `quietly` leaves no step to go back to. */
export function write(change, quietly = false) {
  const said = read();
  for (const [name, value] of Object.entries(change)) {
    said.delete(name);
    if (name === "tab" && value === "map") continue;
    for (const one of [value ?? []].flat()) said.append(name, one);
  }
  const query = said.toString().replaceAll("%2F", "/").replaceAll("%3A", ":").replaceAll("%2C", ",");
  if (query === location.search.slice(1)) return;
  history[quietly ? "replaceState" : "pushState"](null, "", query ? "?" + query : location.pathname);
}
