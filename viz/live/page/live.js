// The page: what is shown stands in the address, every act changes that, and everything is shown from that.

import { PARTS, read, shownOf, write } from "./address.js";
import { changesOf } from "./changes.js";
import { ask, lineTo } from "./link.js";
import { mapIn } from "./moving.js";
import { panelOf } from "./panel.js";
import { tailIn } from "./tail.js";
import { treeIn } from "./tree.js";
import { nameOf, nodeOf, patch, perSecond, timeOf } from "./words.js";

const AGAIN = 2000; // ms until what is told beside the map is asked for again
const find = (id) => document.getElementById(id);
const [room, panel, search] = [find("map"), find("panel"), find("search")];
const TABS = ["map", "matrix", "changes"];
const STATES = { live: "live", paused: "paused", lost: "connection lost, trying again", refused: "nothing to show" };

const map = mapIn(room, (at) => go({ at: at || null }, true));
const line = lineTo({ map: drawn, pulse: passed, health: told, tail: (entries) => tail.add(entries), problem: explain, refused: refuse, state: stands });
const tail = tailIn(find("tail"));
const tree = treeIn(find("tree"), { fetchLevel: levelOf, open: (id) => open(id) });
let said = read(), runs = [], found = null, facts = null, matrix = [], returnTo = null, last = {};

// --- what the server tells

function drawn(answer) {
  explain(null);
  room.removeAttribute("aria-busy");
  const isFirst = !room.firstChild;
  map.put(answer);
  if (isFirst) map.goTo(said.get("at") || "");
  document.title = answer.title + " · Copper";
  find("title").textContent = answer.title;
  find("notes").replaceChildren(...answer.notes.map((note) => el("li", {}, note)));
  find("summary").textContent = answer.summary.split(", ").filter((part) => /service|topic/.test(part)).join(", ");
  count(answer.counts);
  if (said.get("q")) seek();
  look();
}

function passed(pulse) {
  map.pulse(pulse);
  count(pulse.counts);
}

function count({ messages, rate }) {
  find("counts").replaceChildren(el("b", {}, perSecond(rate)), " ", el("span", {}, amount(messages, "message")));
}

let advised = "", problem = null;
const withoutNumbers = (words) => words.replace(/[\d.,]+ ?[kMG]?B?/g, "");

function told({ advice, words, over, lines, last: newest, unknown_lines: unknown }) {
  stands(over ? "over" : "live");
  // that it has ended stands beside the title already
  advise(problem || (!over && advice) || (words.length ? { what: words.at(-1), next_step: "" } : null));
  const parts = [amount(lines, "line"), " read", ...(newest ? [", last event ", timeOf(newest)] : []), ...(unknown ? [", " + unknown.toLocaleString("en") + " not understood"] : [])];
  patch(find("health"), el("li", { id: "health" }, ...parts));
}

/** Why there is nothing to show; null where there is. */
function explain(why) {
  problem = why;
  room.classList.toggle("is-old", Boolean(why));
  advise(why);
}

/** Why the events can't be chosen so; null where they can. */
function refuse(why) {
  find("refused").textContent = why ? why.what.replace("tail=: ", "") : "";
}

function advise(advice) {
  const words = advice ? [advice.what, advice.next_step].filter(Boolean).join(": ") : "";
  // seconds that are counted up are not read out each time
  if (withoutNumbers(words) !== withoutNumbers(advised)) find("said").textContent = words;
  advised = words;
  patch(find("advice"), el("div", { id: "advice" }, ...(advice ? [el("b", {}, advice.what), " ", el("span", {}, advice.next_step)] : [])));
}

function stands(state) {
  const is = find("state");
  is.dataset.is = state;
  find("again").hidden = state !== "over" || !said.get("speed");
  const words = STATES[state] || "the log has ended";
  if (is.textContent !== words) is.textContent = words;
}

// --- everything is shown from the address

/** Changes the address and shows what it says. */
function go(change, quietly = false) {
  write(change, quietly);
  show();
}

function show() {
  said = read();
  const shown = shownOf(said), open = said.get("open") || "", tab = TABS.includes(said.get("tab")) ? said.get("tab") : "map";
  for (const one of TABS) {
    find(one).hidden = one !== tab;
    find("tab-" + one).setAttribute("aria-selected", String(one === tab));
    find("tab-" + one).setAttribute("tabindex", one === tab ? "0" : "-1");
  }
  document.documentElement.classList.toggle("is-wall", said.has("wall"));
  for (const [button, part, name] of [["topics", "tree", "topics"], ["events", "tail", "tail"]]) {
    find(part).hidden = !said.has(name);
    find(button).setAttribute("aria-expanded", String(said.has(name)));
  }
  for (const select of document.querySelectorAll("[data-asks]")) select.value = said.get(select.dataset.asks) || "";
  for (const radio of document.querySelectorAll("#span input")) radio.checked = radio.value === (said.get("span") || "all");
  for (const link of document.querySelectorAll("[data-format]")) link.href = "download." + link.dataset.format + "?" + shown;
  if (search.value !== (said.get("q") || "")) search.value = said.get("q") || "";
  if (document.activeElement !== find("wanted")) find("wanted").value = said.get("tail") || "";
  find("zoom").hidden = tab !== "map";
  chips();
  past();
  if (shown !== last.shown && last.shown !== undefined) room.setAttribute("aria-busy", "true");
  if (shown !== last.shown || said.get("tail") !== last.tail) tail.clear();
  if (open !== last.open) facts = null;
  if (said.get("q") !== last.q) seek();
  const other = [open, shown, tab, said.get("compare")].join("\n");
  if (other !== last.other) look();
  if (said.has("topics") && (!last.tree || shown !== last.shown)) tree.reset();
  if ((said.get("at") || "") !== last.at) map.goTo(said.get("at") || "");
  last = { shown, open, other, tail: said.get("tail"), tree: said.has("topics"), q: said.get("q"), at: said.get("at") || "" };
  line.look(shown, said.get("tail"));
  side();
  paint();
}

function paint() {
  const open = said.get("open") || "";
  map.paint({ open: map.has(open) ? open : facts?.id === open ? facts.drawn : open, hits: found && new Set(found.hits.map((hit) => hit.drawn).filter((number) => number !== null)) });
  tree.paint(open);
  for (const button of find("matrix").querySelectorAll("[data-open]")) button.classList.toggle("is-open", matrix[button.dataset.open] === open);
}

/** What only a part is shown of, each with a button that ends it. */
function chips() {
  const chip = (words, drop, ...more) => el("span", { class: "chip" }, ...words, ...more, el("button", { "data-drop": JSON.stringify(drop), "aria-label": "No longer " + words.map((word) => word.textContent ?? word).join("") }, "×"));
  const without = (name, value) => ({ [name]: said.getAll(name).filter((one) => one !== value) });
  const parts = [];
  const focus = said.getAll("focus");
  if (focus.length) {
    const hops = el("select", { id: "hops", "aria-label": "Steps" }, ...[[1, "1 step"], [2, "2 steps"], [3, "3 steps"], [100, "any number of steps"]].map(([value, words]) => el("option", { value }, words)));
    hops.value = said.get("hops") || "1";
    parts.push(chip(["near ", el("b", {}, focus.map((one) => nodeOf(":" + one).text).join(", "))], { focus: null, hops: null }, " within ", hops));
  }
  if (said.get("view")) parts.push(chip([said.get("view") === "active" ? "only what is active" : "only services"], { view: null }));
  for (const one of said.getAll("reaches")) parts.push(chip(["what reaches ", el("b", {}, one)], without("reaches", one)));
  for (const one of said.getAll("include")) parts.push(chip(["only ", el("code", {}, one)], without("include", one)));
  for (const one of said.getAll("exclude")) parts.push(chip(["without ", el("code", {}, one)], without("exclude", one)));
  find("chips").hidden = !parts.length;
  const fresh = el("div", {}, ...parts, el("button", { "data-drop": JSON.stringify(Object.fromEntries(PARTS.map((name) => [name, null]))) }, "Show all"));
  if (!fresh.isEqualNode(find("chips").firstChild)) find("chips").replaceChildren(fresh);
  if (find("hops")) find("hops").value = said.get("hops") || "1";
}

/** Recorded runs to choose from. */
function past() {
  const run = said.get("run") || "";
  const option = ({ run: id, name, at, result }) => el("option", { value: id }, [name || id, (at || "").slice(0, 19).replace("T", " "), result].filter(Boolean).join(" · "));
  find("runs").hidden = !runs.length && !run;
  find("run").replaceChildren(el("option", { value: "" }, "what goes on now"), ...runs.map(option));
  if (run && !runs.some((one) => one.run === run)) find("run").append(el("option", { value: run }, run));
  find("run").value = run;
  find("speeds").hidden = !run;
  find("speed").value = said.get("speed") || "";
  find("compares").hidden = !runs.some((one) => one.run !== run);
  find("compare").replaceChildren(el("option", { value: "" }, "nothing"), ...runs.filter((one) => one.run !== run).map(option));
  find("compare").value = said.get("compare") || "";
  find("tab-changes").hidden = !said.get("compare");
}

// --- what is asked for beside the map, and asked for again

const shownNow = () => shownOf(read());

function levelOf(prefix, after) {
  const query = new URLSearchParams(shownNow());
  if (prefix !== null) query.set("prefix", prefix);
  if (after) query.set("after", after);
  return ask("topics", query);
}

/** Asks, and hands on what is answered if nothing else is wanted by then; an error goes to `failed`. */
async function wants(path, more, isStill, take, failed) {
  const query = new URLSearchParams(shownNow());
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  const answer = await ask(path, query).catch((error) => (error instanceof Error ? Promise.reject(error) : { error }));
  if (!isStill()) return;
  if (!answer.error) take(answer);
  else if (answer.error.what) failed?.(answer.error);
}

/** The panel and the matrix, as things stand. */
function look() {
  const open = said.get("open"), shown = shownNow();
  if (open) wants("node", { id: open }, () => open === said.get("open"), (answer) => { facts = answer; side(); paint(); }, (error) => { facts = { id: open, error }; side(); });
  if (said.get("tab") === "changes" && said.get("compare")) wants("compare", { to: said.get("compare"), compare: "" }, () => said.get("tab") === "changes", (answer) => {
    if (!find("changes").firstChild) find("changes").append(el("div", {}));
    patch(find("changes").firstChild, el("div", {}, ...changesOf(answer)));
  }, explain);
  if (said.get("tab") !== "matrix") return;
  wants("matrix", {}, () => shown === shownNow(), (answer) => {
    const model = modelOf(answer);
    matrix = answer.nodes.map((node) => node.id);
    const every = new Set(model.nodes.keys()), hits = found && new Set(found.hits.map((hit) => matrix.indexOf(map.idOf(hit.drawn))));
    hits?.delete(-1);
    const parts = el("section", {}, ...matrixOf(model, hits ? touchedBy(model, hits, every) : every));
    const [have, want] = [find("matrix").querySelector("table"), parts.querySelector("table")];
    // rows that came as one scrolled are not taken away again
    const isGrown = have?.rows.length > want?.rows.length && want.rows.length > 200;
    if (have && want && !isGrown && find("matrix").dataset.of === said.get("q")) patch(have, want);
    else if (!isGrown) find("matrix").replaceChildren(...parts.childNodes);
    find("matrix").dataset.of = said.get("q");
    paint();
  }, explain);
}

function side() {
  const open = said.get("open");
  panel.hidden = !open;
  if (!open) return panel.replaceChildren();
  const { text, kind } = nodeOf(open);
  const head = [el("div", { class: "head" }, el("h2", { tabindex: "-1" }, text), el("p", {}, kind)), el("div", { class: "act" }, el("button", { "data-close": "" }, "Close"))];
  const parts = facts?.error ? [...head, el("p", { class: "nothing" }, facts.error.what)] : facts ? panelOf(facts) : head;
  const isOther = panel.dataset.shows !== open;
  panel.dataset.shows = open;
  if (!isOther) return patch(panel.firstChild, el("div", {}, ...parts));
  panel.replaceChildren(el("div", {}, ...parts));
  panel.scrollTop = 0;
}

let seeking = 0;

/** Searches a moment after the last letter. */
function seek() {
  clearTimeout(seeking);
  const words = said.get("q");
  find("count").textContent = "";
  document.body.classList.remove("missed");
  if (!words) {
    found = null;
    find("hits").hidden = true;
    look();
    return paint();
  }
  seeking = setTimeout(() => wants("search", { q: words }, () => words === said.get("q"), (answer) => {
    found = answer;
    find("count").textContent = amount(answer.total, "name");
    document.body.classList.toggle("missed", !answer.total);
    find("hits").replaceChildren(...answer.hits.map((hit) => el("li", {}, nameOf(hit.id), ...(hit.client ? [el("small", {}, " client " + hit.client)] : []))));
    find("hits").hidden = !answer.total || !search.parentElement.contains(document.activeElement);
    look();
    paint();
  }, (error) => (find("count").textContent = error.what)), 120);
}

setInterval(() => {
  if (document.hidden || line.isPaused() || ["lost", "refused"].includes(find("state").dataset.is)) return;
  look();
  if (said.has("topics")) tree.refresh();
}, AGAIN);

// --- what can be done

function open(id, from) {
  if (from && !panel.contains(from)) returnTo = from.dataset.n !== undefined ? id : from;
  find("hits").hidden = true;
  go({ open: id === said.get("open") ? null : id });
  if (said.get("open")) panel.querySelector("h2").focus({ preventScroll: true });
}

function close() {
  const id = said.get("open");
  go({ open: null });
  const back = returnTo?.isConnected ? returnTo : [...room.querySelectorAll("[data-n]")].find((element) => map.meantBy(element).id === id);
  back?.focus({ preventScroll: true });
}

function act(element) {
  const { head, id } = map.meantBy(element);
  if (head) go({ q: said.get("q") === head + "#" ? null : head + "#" });
  else if (id) open(id, element);
}

function add(name, value) {
  if (value && !said.getAll(name).includes(value)) go({ [name]: [...said.getAll(name), value] });
}

function pause() {
  const is = !line.isPaused();
  line.pause(is);
  find("pause").setAttribute("aria-pressed", String(is));
  find("pause").textContent = is ? "Resume" : "Pause";
}

function wall() {
  const is = said.has("wall");
  go({ wall: is ? null : "1" });
  if (!is) document.documentElement.requestFullscreen?.().catch(() => {});
  else if (document.fullscreenElement) document.exitFullscreen();
}

function focusOn(element) {
  const drawn = element.closest("[data-n]"), named = element.closest("[data-id]");
  const id = drawn ? map.meantBy(drawn).id : named ? named.dataset.id : said.get("open");
  if (id) go({ focus: nodeOf(id).name, hops: null });
}

/** Escape: the last thing first. */
function back(from) {
  const menu = document.querySelector("details.menu[open]");
  if (menu) return (menu.open = false), menu.firstElementChild.focus();
  if (!find("hits").hidden) return (find("hits").hidden = true), search.focus();
  if (from === search && said.get("q")) go({ q: null }, true);
  else if (said.get("open")) close();
  else if (said.has("wall")) wall();
  else if (PARTS.some((name) => said.has(name))) go(Object.fromEntries(PARTS.map((name) => [name, null])));
  else if (said.get("q")) go({ q: null }, true);
}

function move(event) {
  const from = event.target, tab = from.closest("[role=tab]"), there = TABS.filter((one) => !find("tab-" + one).hidden);
  const step = /Right|Down/.test(event.key) ? 1 : there.length - 1;
  if (event.shiftKey && room.contains(from)) return map.pan({ ArrowLeft: -1, ArrowRight: 1 }[event.key] || 0, { ArrowUp: -1, ArrowDown: 1 }[event.key] || 0), event.preventDefault();
  const inHits = from.closest("#hits li"), to = tab ? find("tab-" + there[(there.indexOf(tab.id.slice(4)) + step) % there.length])
    : inHits ? (event.key === "ArrowUp" ? inHits.previousElementSibling?.firstChild || search : inHits.nextElementSibling?.firstChild)
    : from.matches("[data-n]") ? map.beside(from, event.key) : besideInTable(from, event.key);
  if (!to) return;
  event.preventDefault();
  if (tab) go({ tab: to.id.slice(4) });
  if (!inHits) from.setAttribute("tabindex", "-1"), to.setAttribute("tabindex", "0");
  to.focus();
  to.scrollIntoView({ block: "nearest", inline: "nearest" });
}

const drawer = (name) => () => go({ [name]: said.has(name) ? null : name === "tail" ? "" : "1" });
const buttons = {
  "[data-id]": (button) => open(button.dataset.id, button),
  "[data-open]": (button) => open(matrix[button.dataset.open], button),
  "[data-focus]": (button) => go({ focus: button.dataset.focus, hops: null }),
  "[data-only]": (button) => add("include", button.dataset.only),
  "[data-without]": (button) => add("exclude", button.dataset.without),
  "[data-close]": close,
  "[data-drop]": (button) => go(JSON.parse(button.dataset.drop)),
  "[data-n]": act,
  "[role=tab]": (button) => go({ tab: button.id.slice(4) }),
  "#topics,[data-untopic]": drawer("topics"),
  "#events,#untail": drawer("tail"),
  "#pause": pause,
  "#again": line.again,
  "#hold": (button) => {
    const is = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(is));
    tail.hold(is);
  },
  "#without": () => add("exclude", find("filter").value.trim()),
  "#tidy": () => line.bring(true),
  "#smaller": () => map.resize(0.8),
  "#fit": () => map.resize(0),
  "#larger": () => map.resize(1.25),
  "#wall": wall,
};

document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
  if (!search.parentElement.contains(target)) find("hits").hidden = true;
  const button = target.closest(Object.keys(buttons).join());
  if (button) buttons[Object.keys(buttons).find((each) => button.matches(each))](button);
});

const keys = { p: pause, w: wall, t: drawer("topics"), e: drawer("tail"), "+": () => map.resize(1.25), "=": () => map.resize(1.25), "-": () => map.resize(0.8), 0: () => map.resize(0) };

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (key === "Escape") return back(target);
  if (key === "ArrowDown" && target === search && !find("hits").hidden) return event.preventDefault(), find("hits").querySelector("button").focus();
  if (target.matches("input:not([type=radio]), select")) return;
  if (key.startsWith("Arrow")) return move(event);
  if (key === "f") return focusOn(target);
  if (keys[key]) return keys[key]();
  const onMap = /^(Enter| )$/.test(key) && target.matches("[data-n]");
  if (!onMap && key !== "/") return;
  event.preventDefault();
  if (onMap) act(target);
  else search.select();
});

search.addEventListener("input", () => go({ q: search.value || null }, true));
search.parentElement.addEventListener("focusout", ({ relatedTarget: to }) => (find("hits").hidden ||= Boolean(to) && !search.parentElement.contains(to)));
search.addEventListener("focus", () => (find("hits").hidden = !found?.total));
find("filters").addEventListener("submit", (event) => {
  event.preventDefault();
  add("include", find("filter").value.trim());
});
find("wanted").addEventListener("change", ({ target }) => go({ tail: target.value }, true));
document.addEventListener("change", ({ target }) => {
  if (target.dataset.asks) go({ [target.dataset.asks]: target.value || null });
  else if (target.name === "span") go({ span: target.value === "all" ? null : target.value });
  else if (target.id === "hops") go({ hops: target.value === "1" ? null : target.value });
  else if (target.id === "run") go({ run: target.value || null, speed: null, compare: null, tab: null });
  else if (target.id === "speed") go({ speed: target.value || null });
  else if (target.id === "compare") go({ compare: target.value || null, tab: null });
});
addEventListener("popstate", show);
ask("runs", "").then((all) => ((runs = all), past()), () => {});
show();
