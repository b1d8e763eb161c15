// The matrix and the list of numbers. In: a model, and which of its nodes. Out: elements, not yet in the document.

const MARKS = { publish: "▶\ufe0e", proven: "●\ufe0e", partly: "◐", inferred: "◌", idle: "○", deny: "✕" };
const MEANINGS = { publish: "publishes", proven: "receives", partly: "receives, sender partly inferred", inferred: "receives, sender inferred", idle: "subscribed, nothing came", deny: "refused" };

/** A line as words: publishes 12; receives 12 from runner. */
function saidOf(model, line) {
  if (line.change === "gone") return "gone: " + ({ subscribe: "received ", publish: "published ", deny: "was refused " })[line.kind] + line.before.toLocaleString("en") + " before";
  if (line.change) return "new: " + saidOf(model, { ...line, change: "" });
  const count = line.messages.toLocaleString("en") + (line.part ? " (on a part of it)" : "");
  if (line.kind !== "subscribe") return (line.kind === "deny" ? "refused " : "publishes ") + count;
  if (!line.messages) return "subscribed, nothing came";
  const from = sendersOf(model, line).map((feed) => model.nodes[feed.from].text);
  const named = from.slice(0, 3).join(", ") + (from.length > 3 ? " and " + (from.length - 3) + " more" : "");
  return "receives " + count + (named ? " from " + named : "");
}

/** The lines of a topic as marks that are words, too. */
function marksOf(model, line) {
  const style = styleOf(model, line), [sign = "", , css = ""] = CHANGES[line.change] || [];
  return el("span", { class: ("mark " + style + " " + css).trim(), title: saidOf(model, line) }, el("span", { "aria-hidden": "true" }, MARKS[style] + sign), el("span", { class: "aside" }, saidOf(model, line) + " "));
}

/** What the marks mean, as far as these lines have them. */
function meaningOf(model, lines) {
  const used = new Set(lines.map((line) => styleOf(model, line)));
  const entries = Object.keys(MARKS).filter((style) => used.has(style));
  const changes = Object.values(CHANGES).filter((_, place) => lines.some((line) => line.change === Object.keys(CHANGES)[place]));
  const changed = changes.map(([sign, word, css]) => el("span", {}, el("span", { class: "mark " + css, "aria-hidden": "true" }, sign), " " + word));
  return el("p", { class: "meaning" }, ...changed, ...entries.map((style) => el("span", {}, el("span", { class: "mark " + style, "aria-hidden": "true" }, MARKS[style]), " " + MEANINGS[style])));
}

/** The lines of one topic. */
function linesOf(model, topic) {
  return [...model.into[topic], ...model.out[topic]];
}

function endOf(line, topic) {
  return line.from === topic ? line.to : line.from;
}

/** The topics that were found or that a found service uses, with all who use these. */
function touchedBy(model, found, every) {
  const topics = new Set([...found].flatMap((place) => (model.nodes[place].kind === "topic" ? [place] : [...model.near[place]])));
  const near = reachOf(model, topics, 1);
  return new Set([...near].filter((place) => every.has(place) && (model.nodes[place].kind === "service" || topics.has(place))));
}

/** The matrix of these nodes: a grid up to so many services, names in the rows beyond. */
function matrixOf(model, shown, widest = 100) {
  const topics = [...shown].filter((place) => model.nodes[place].kind === "topic").sort((one, two) => one - two);
  if (!topics.length) return [el("p", { class: "nothing" }, "No topic here.")];
  const lines = topics.flatMap((topic) => linesOf(model, topic).filter((line) => shown.has(line.from) && shown.has(line.to)));
  const ends = new Set(lines.flatMap((line) => [line.from, line.to]));
  const services = [...ends].filter((place) => model.nodes[place].kind === "service").sort((one, two) => one - two);
  const { heads, cells } = services.length > widest ? namesIn(model) : gridOf(model, services);
  const head = el("thead", {}, el("tr", {}, ...["Topic", ...heads].map((name) => el("th", { scope: "col" }, name))));
  const caption = el("caption", { class: "aside" }, "Topics, and which service publishes or receives each");
  const table = el("table", { class: services.length > widest ? "names" : "grid" }, caption, head, el("tbody", {}));
  return [meaningOf(model, lines), ...growing(table, topics, (topic) => rowOf(nameOf(model, topic, { tabindex: "-1" }), cells(topic)))];
}

/** A column for each service. */
function gridOf(model, services) {
  const column = new Map(services.map((place, number) => [place, number]));
  return {
    heads: services.map((place) => nameOf(model, place, { tabindex: "-1" })),
    cells: (topic) => {
      const cells = services.map(() => []);
      for (const line of linesOf(model, topic)) cells[column.get(endOf(line, topic))]?.push(marksOf(model, line));
      return cells;
    },
  };
}

/** A column for all who publish, one for all who receive. */
function namesIn(model) {
  const named = (line, topic) => el("span", { class: "one" }, marksOf(model, line), nameOf(model, endOf(line, topic), { tabindex: "-1" }));
  return {
    heads: ["Publishes", "Receives"],
    cells: (topic) => [model.into[topic], model.out[topic]].map((lines) => lines.map((line) => named(line, topic))),
  };
}

function rowOf(name, cells) {
  return el("tr", {}, el("th", { scope: "row" }, name), ...cells.map((cell) => el("td", {}, ...[cell].flat())));
}

/** A table that gets its rows as one scrolls, or by a button: there can be thousands. Arrow keys walk its names. */
function growing(table, rows, make, step = 200) {
  const body = table.tBodies[0], more = el("button", { class: "more" });
  let done = 0;
  const add = (count) => {
    body.append(...rows.slice(done, done + count).map(make));
    done = Math.min(rows.length, done + count);
    more.hidden = done === rows.length;
    more.textContent = "Show more: " + done.toLocaleString("en") + " of " + rows.length.toLocaleString("en");
  };
  add(step);
  more.addEventListener("click", () => add(step));
  more.addEventListener("all", () => add(rows.length));
  new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && add(step), { rootMargin: "600px" }).observe(more);
  body.querySelector("button")?.setAttribute("tabindex", "0");
  table.tHead.querySelector("th + th button")?.setAttribute("tabindex", "0");
  return [table, more];
}

/** The next name in the direction of an arrow key: in the head across, in the rows up and down. */
function besideInTable(from, key) {
  const cell = from.matches("main th > button") && from.closest("th");
  if (!cell) return null;
  const row = cell.parentElement, back = /Left|Up/.test(key), inHead = cell.scope === "col";
  if (inHead !== /Left|Right/.test(key)) return null;
  const along = inHead ? cell : row, next = back ? along.previousElementSibling : along.nextElementSibling;
  return next && (inHead ? next : next.cells[0]).querySelector("button");
}

const COLUMNS = [["place", "Name"], ["kind", "Kind"], ["joined", "Joined with"], ["published", "Published"], ["bytes", "Bytes published"], ["received", "Received"], ["last", "Last message"]];

/** The numbers of these nodes, in an order: by a column, up or down. */
function listOf(model, shown, { by, down }) {
  const sign = down ? -1 : 1;
  const rows = [...shown].map((place) => sumsOf(model, place));
  rows.sort((one, two) => sign * (one[by] > two[by] ? 1 : one[by] < two[by] ? -1 : 0) || one.place - two.place);
  const sorted = (column) => (column !== by ? "none" : down ? "descending" : "ascending");
  const heads = COLUMNS.map(([column, name]) => el("th", { scope: "col", "aria-sort": sorted(column) }, el("button", { "data-sort": column }, name)));
  const caption = el("caption", { class: "aside" }, "Services and topics with their numbers");
  const table = el("table", { class: "list" }, caption, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}));
  const count = (number) => number.toLocaleString("en");
  const cells = (row) => [row.kind, count(row.joined), count(row.published), sizeOf(row.bytes), count(row.received), timeOf(model, row.last)];
  return growing(table, rows, (row) => rowOf(nameOf(model, row.place, { tabindex: "-1" }), cells(row)));
}

/** The numbers of one node, as the list has them. */
function sumsOf(model, place) {
  const lines = [...model.out[place], ...model.into[place]];
  const [sent, got] = ["publish", "subscribe"].map((kind) => lines.filter((line) => line.kind === kind));
  const last = lines.reduce((late, line) => (line.last > late ? line.last : late), "");
  return { place, kind: model.nodes[place].kind, joined: model.near[place].size, published: total(sent, "messages"), bytes: total(sent, "bytes"), received: total(got, "messages"), last };
}
