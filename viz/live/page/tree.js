// The tree of topics: levels are fetched when they are opened, rows are made only for what is in sight, and counts
// change where they stand. A level that comes later finds its place by its name; what is in sight does not move.

import { nodeOf, readable } from "./words.js";

const HIGH = 26; // px of a row
const PAGE = 1000; // levels in an answer of the server

/** A tree in a box; `fetchLevel(prefix, after)` asks the server, `open(id)` is called for a topic. */
export function treeIn(box, { fetchLevel, open }) {
  const space = el("div", { class: "space" });
  const list = el("div", { class: "rows", role: "tree", tabindex: "0", "aria-label": "Topics, level by level" }, space);
  const total = el("small", {});
  box.replaceChildren(el("div", { class: "bar" }, el("h2", {}, "Topics "), total, el("button", { "data-untopic": "" }, "Close")), list);
  const made = new Map(); // path → element
  let levels = new Map(), opened = new Set(), rows = [], active = 0, epoch = 0, chosen = "", frame = 0;

  /** Forgets all and begins again: something else is shown. */
  function reset() {
    epoch += 1;
    levels = new Map();
    load(null);
  }

  /** Fetches a level, a page after the other. */
  async function load(prefix) {
    const mine = epoch;
    for (let after = ""; after !== null && mine === epoch; ) after = await page(prefix, after, mine);
  }

  /** Fetches one page; answers after which level the next begins, null where there is none. */
  async function page(prefix, after, mine) {
    const told = await fetchLevel(prefix, after).catch((problem) => problem instanceof Error ? Promise.reject(problem) : null);
    if (!told || mine !== epoch) return null;
    const known = levels.get(prefix) || { order: [], byName: new Map(), total: 0 };
    levels.set(prefix, known);
    known.total = told.total;
    let isOther = false;
    for (const level of told.levels) {
      isOther ||= !known.byName.has(level.level);
      known.byName.set(level.level, level);
    }
    if (isOther) known.order = [...known.byName.keys()].sort(byLetters);
    if (isOther) arrange();
    else draw();
    return told.levels.length < PAGE ? null : told.levels.at(-1).level;
  }

  /** The rows from the top: each level that is open with what is below. Whatever is in sight stays there. */
  function arrange() {
    const top = Math.floor(list.scrollTop / HIGH), anchor = rows[top]?.path, off = list.scrollTop - top * HIGH;
    const before = rows[active]?.path;
    rows = [];
    const add = (prefix, depth) => {
      const known = levels.get(prefix);
      known?.order.forEach((name, place) => {
        const one = known.byName.get(name);
        rows.push({ number: rows.length, prefix, depth, name, path: one.path, place: place + 1, of: known.total });
        if (opened.has(one.path)) add(one.path, depth + 1);
      });
    };
    add(null, 0);
    active = Math.max(0, rows.findIndex((row) => row.path === before));
    space.style.height = rows.length * HIGH + "px";
    const now = anchor === undefined || top === 0 ? -1 : rows.findIndex((row) => row.path === anchor);
    if (now >= 0 && now !== top) list.scrollTop = now * HIGH + off;
    const all = levels.get(null);
    total.textContent = all ? amount([...all.byName.values()].reduce((sum, one) => sum + one.topics, 0), "topic") : "";
    draw();
  }

  function draw() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      const from = Math.max(0, Math.floor(list.scrollTop / HIGH) - 4);
      const to = Math.min(rows.length, from + Math.ceil(list.clientHeight / HIGH) + 8);
      const wanted = new Set(rows.slice(from, to));
      if (rows[active]) wanted.add(rows[active]);
      const paths = new Set([...wanted].map((row) => row.path));
      for (const [path, element] of made) if (!paths.has(path)) element.remove(), made.delete(path);
      let before = space; // rows stand in the document as they are seen: so they are read
      for (const row of [...wanted].sort((one, other) => one.number - other.number)) {
        const element = show(row);
        if (before.nextSibling !== element) before.after(element);
        before = element;
      }
    });
  }

  /** Makes a row, or changes the one there is where it stands. */
  function show(row) {
    const level = levels.get(row.prefix).byName.get(row.name), place = row.number, isOpen = opened.has(row.path);
    let element = made.get(row.path);
    if (!element) {
      element = el("div", { role: "treeitem", class: "row" }, el("i", { "aria-hidden": "true" }), el("span", { class: "level" }, readable(row.name)), el("span", { class: "below" }), el("span", { class: "many" }));
      element.dataset.path = row.path;
      element.id = "row-" + (show.number = (show.number || 0) + 1);
      made.set(row.path, element);
    }
    const [turn, , below, many] = element.children;
    const said = { "aria-level": row.depth + 1, "aria-posinset": row.place, "aria-setsize": row.of, "aria-selected": row.path === chosen };
    if (level.below) said["aria-expanded"] = isOpen;
    for (const [name, value] of Object.entries(said)) if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
    element.style.transform = `translateY(${place * HIGH}px)`;
    element.style.paddingLeft = `${0.5 + row.depth}rem`;
    element.classList.toggle("is-active", place === active);
    element.classList.toggle("is-topic", level.topic);
    set(turn, level.below ? (isOpen ? "▾" : "▸") : "");
    set(below, level.below ? amount(level.topics, "topic") : "");
    set(many, level.messages.toLocaleString("en"));
    if (place === active) list.setAttribute("aria-activedescendant", element.id);
    return element;
  }

  function set(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  /** Asks anew for the counts of what is in sight. */
  async function refresh() {
    const from = Math.floor(list.scrollTop / HIGH), to = from + Math.ceil(list.clientHeight / HIGH);
    const asked = new Map();
    for (const row of rows.slice(from, to)) asked.set(row.prefix, [...(asked.get(row.prefix) || []), row.name]);
    if (!rows.length) asked.set(null, []);
    for (const [prefix, names] of asked) {
      const order = levels.get(prefix)?.order || [], first = order.indexOf(names[0]);
      await page(prefix, order.length < PAGE || first <= 0 ? "" : order[first - 1], epoch);
    }
  }

  function toggle(row) {
    const level = levels.get(row.prefix).byName.get(row.name);
    if (!level.below) return false;
    if (!opened.delete(row.path)) {
      opened.add(row.path);
      if (!levels.has(row.path)) load(row.path);
    }
    arrange();
    return true;
  }

  function choose(row) {
    const level = levels.get(row.prefix).byName.get(row.name);
    if (level.topic) open("topic:" + row.path);
    else toggle(row);
  }

  function go(place) {
    active = Math.max(0, Math.min(rows.length - 1, place));
    const top = active * HIGH;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + HIGH > list.scrollTop + list.clientHeight) list.scrollTop = top + HIGH - list.clientHeight;
    draw();
  }

  function key(event) {
    const row = rows[active], many = Math.floor(list.clientHeight / HIGH) - 1, isOpen = row && opened.has(row.path);
    const parent = () => rows.findLastIndex((one, place) => place < active && one.depth < row.depth);
    const moves = {
      ArrowDown: () => go(active + 1), ArrowUp: () => go(active - 1), PageDown: () => go(active + many), PageUp: () => go(active - many),
      Home: () => go(0), End: () => go(rows.length - 1),
      ArrowRight: () => (isOpen ? go(active + 1) : toggle(row)),
      ArrowLeft: () => (isOpen ? toggle(row) : parent() >= 0 && go(parent())),
      Enter: () => choose(row), " ": () => toggle(row) || choose(row),
    };
    if (!row || !moves[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    moves[event.key]();
  }

  list.addEventListener("scroll", draw);
  list.addEventListener("keydown", key);
  list.addEventListener("click", ({ target }) => {
    const element = target.closest(".row"), place = rows.findIndex((row) => row.path === element?.dataset.path);
    if (place < 0) return;
    active = place;
    if (target.matches("i") || !element.matches(".is-topic")) toggle(rows[place]);
    else choose(rows[place]);
    draw();
  });
  new ResizeObserver(draw).observe(list);

  return {
    reset, refresh,
    paint(id) {
      const node = nodeOf(id || ":");
      chosen = node.kind === "topic" ? node.name : "";
      draw();
    },
    focus: () => list.focus(),
  };
}

function byLetters(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}
