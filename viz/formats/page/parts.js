// What is built of the answers: names, tables, the panel of one node. In: a model. Out: elements, not yet in the document.
// Texts are only ever set as text.

/** An element with attributes and children; strings become text. */
function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A topic that may be broken after its slashes. */
function breakable(text) {
  return text.split(/(?<=\/)/).flatMap((level, place) => (place ? [el("wbr", {}), level] : [level]));
}

/** A button with the name of a node; what happens on a click is said elsewhere, once for all. */
function nameOf(model, place, more = {}) {
  const { kind, text, times, change } = model.nodes[place], [sign = "", word = "", css = ""] = CHANGES[change] || [];
  const before = sign ? [el("span", { class: "change", "aria-hidden": "true" }, sign + " "), el("span", { class: "aside" }, word + " ")] : [];
  const many = times ? [" ", el("span", { class: "times" }, "×" + times.toLocaleString("en"))] : [];
  return el("button", { class: ("name " + kind + " " + css).trim(), "data-open": place, ...more }, ...before, ...breakable(text), ...many);
}

/** A table with a heading; a row is a list of texts, elements or lists of them. */
function tableOf(caption, heads, rows, most = 100) {
  const body = el("tbody", {});
  const add = (some) => {
    for (const row of some) {
      const [first, ...rest] = row.map((cell) => [cell].flat());
      body.append(el("tr", {}, el("th", { scope: "row" }, ...first), ...rest.map((cell) => el("td", {}, ...cell))));
    }
  };
  const head = el("thead", {}, el("tr", {}, ...heads.map((name) => el("th", { scope: "col" }, name))));
  const table = el("table", {}, el("caption", {}, caption), head, body);
  add(rows.slice(0, most));
  if (rows.length <= most) return [table];
  const rest = el("button", { class: "more" }, "Show the other " + (rows.length - most).toLocaleString("en"));
  rest.addEventListener("click", () => (add(rows.slice(most)), rest.remove()));
  return [table, rest];
}

/** seen 3, inferred 2: how sure it is whose messages these were. */
function proofOf({ seen, inferred }) {
  const words = [];
  if (seen) words.push(seen.toLocaleString("en") + " seen");
  if (inferred) words.push(inferred.toLocaleString("en") + " inferred");
  return words.join(", ") || "none";
}

/** Several things with commas between. */
function listed(things) {
  return things.flatMap((thing, place) => (place ? [", ", thing] : [thing]));
}

/** Whose messages came by a subscription. */
function fromWhom(model, line) {
  if (line.change === "gone") return ["gone: " + amount(line.before, "message") + " before"];
  if (!line.messages) return ["nothing came"];
  const known = sendersOf(model, line);
  const lost = line.messages - total(known, "messages") - (line.others ? line.others.messages : 0);
  const items = known.map((feed) => el("span", {}, nameOf(model, feed.from), " (" + proofOf(feed) + ")"));
  if (line.others) items.push("services that are not shown (" + proofOf(line.others) + ")");
  return listed(lost > 0 ? [...items, lost.toLocaleString("en") + " from unknown"] : items);
}

function numbers(model, line) {
  return [line.messages.toLocaleString("en"), sizeOf(line.bytes), line.qos.join(" "), timeOf(model, line.last)];
}

/** When: the time alone where the whole log is of one day. */
function timeOf(model, text) {
  const words = moment(text), [day, time] = words.split(" ");
  return el("span", { title: text }, time && model.day === day ? time : words);
}

function inWords(lines, noun) {
  const sum = total(lines, "messages");
  return amount(lines.length, noun) + ", " + amount(sum, "message") + ", " + sizeOf(total(lines, "bytes"));
}

/** By which filters, where they say more than the topic does, and whether only a part of it is meant. */
function filtersOf(model, line) {
  const filters = (line.filters || []).filter((one) => one !== model.nodes[line.from].text);
  const codes = listed(filters.map((one) => el("code", {}, ...breakable(one))));
  const few = filters.length <= 3, part = line.part ? [" (a part of it)"] : [];
  const many = el("details", {}, el("summary", {}, "by " + amount(filters.length, "filter"), ...part), ...codes);
  const said = few ? [...(filters.length ? ["by "] : []), ...codes, ...part] : [many];
  return said.length ? [el("div", { class: "by" }, ...said)] : [];
}

/** Feeds put together by the service at their other end. */
function byService(model, feeds, end) {
  const groups = new Map();
  for (const feed of feeds) groups.set(feed[end], [...(groups.get(feed[end]) || []), feed]);
  return [...groups].sort((one, two) => total(two[1], "messages") - total(one[1], "messages")).map(([place, some]) => {
    const topics = some.slice(0, 6).map((feed) => (feed.topic === null ? el("code", {}, feed.on) : nameOf(model, feed.topic)));
    const sums = { seen: total(some, "seen"), inferred: total(some, "inferred") };
    return [nameOf(model, place), proofOf(sums), listed(some.length > 6 ? [...topics, some.length - 6 + " more"] : topics)];
  });
}

/** All that is known of one node. */
function panelOf(model, place) {
  const node = model.nodes[place], service = node.kind === "service";
  const out = model.out[place].filter((line) => line.kind === "publish");
  const refused = [...model.out[place], ...model.into[place]].filter((line) => line.kind === "deny");
  const sent = service ? out : model.into[place].filter((line) => line.kind === "publish");
  const got = service ? model.into[place] : model.out[place].filter((line) => line.kind === "subscribe");
  const other = (line) => nameOf(model, line.from === place ? line.to : line.from);
  const noun = service ? "topic" : "service", Noun = service ? "Topic" : "Service";
  const parts = [];
  const section = (title, words, heads, rows) => parts.push(el("h3", {}, title, " ", el("small", {}, rows.length ? words : "nothing")), ...(rows.length ? tableOf(title, heads, rows) : []));
  if (model.lines.length) {
    section(service ? "Publishes" : "Published by", inWords(sent, noun), [Noun, "Messages", "Bytes", "QoS", "Last"], sent.map((line) => [other(line), ...numbers(model, line)]));
    section(service ? "Receives" : "Received by", inWords(got, noun), [Noun, "Messages", "From"], got.map((line) => [[other(line), ...filtersOf(model, line)], line.messages.toLocaleString("en"), fromWhom(model, line)]));
  }
  if (service) {
    for (const [title, feeds, end] of [["Feeds", model.feeding[place], "to"], ["Fed by", model.fed[place], "from"]]) {
      const rows = byService(model, feeds, end);
      section(title, amount(rows.length, "service") + ", " + amount(total(feeds, "messages"), "message"), ["Service", "Messages", "On"], rows);
    }
  }
  if (refused.length) section("Refused by the broker", inWords(refused, noun), [Noun, "Messages", "Bytes", "QoS", "Last"], refused.map((line) => [other(line), ...numbers(model, line)]));
  const facts = el("dl", {}, ...node.facts.flatMap(([what, value]) => [el("dt", {}, what), el("dd", {}, value)]));
  if (node.link) facts.append(el("dt", {}, "Link"), el("dd", {}, el("a", { href: node.link, target: "_blank", rel: "noopener noreferrer" }, node.link)));
  const head = el("div", { class: "head" }, el("h2", { tabindex: "-1" }, node.text), el("p", {}, node.kind));
  const tools = el("div", { class: "act" }, el("button", { "data-focus": place }, "Focus"), el("button", { "data-close": "" }, "Close"));
  return [head, tools, facts, ...parts];
}
