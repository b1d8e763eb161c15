"use strict";
// Questions to the graph. In: what data.py wrote. No document, no state: every function here can be asked anywhere.

/** The graph with what each node has: lines going out and coming in, and the nodes beside it. */
function modelOf({ nodes, lines, feeds, first = "", last = "" }) {
  const each = () => nodes.map(() => []);
  const model = { nodes, lines, feeds, out: each(), into: each(), fed: each(), feeding: each(), near: nodes.map(() => new Set()), senders: new Map() };
  for (const line of lines) {
    model.out[line.from].push(line);
    model.into[line.to].push(line);
  }
  for (const feed of feeds) {
    model.feeding[feed.from].push(feed);
    model.fed[feed.to].push(feed);
    const key = feed.topic + ">" + feed.to;
    model.senders.set(key, [...(model.senders.get(key) || []), feed]);
  }
  for (const { from, to } of lines.length ? lines : feeds) {
    model.near[from].add(to);
    model.near[to].add(from);
  }
  model.day = first.slice(0, 10) === last.slice(0, 10) ? first.slice(0, 10) : "";
  return model;
}

/** Whose messages reached the end of this subscription. */
function sendersOf(model, line) {
  return model.senders.get(line.from + ">" + line.to) || [];
}

/** What is new or gone, in a comparison: its sign, its word, its class. */
const CHANGES = { added: ["+", "new", "plus"], gone: ["\u2212", "gone", "minus"] };

/** publish, deny; of a subscription how sure its senders are: proven, partly, inferred, idle. */
function styleOf(model, line) {
  if (line.kind !== "subscribe") return line.kind;
  if (line.change === "gone") return "proven";
  if (!line.messages) return "idle";
  const from = [...sendersOf(model, line), ...(line.others ? [line.others] : [])];
  if (!from.some((feed) => feed.inferred)) return "proven";
  return from.some((feed) => feed.seen) ? "partly" : "inferred";
}

/** Whether these words are an MQTT filter with a wildcard. */
function isFilter(words) {
  const levels = words.split("/");
  const wild = (level) => level === "+" || level === "#";
  return levels.some(wild) && levels.every((level, place) => (wild(level) ? level === "+" || place === levels.length - 1 : !/[+#]/.test(level)));
}

/** Whether a filter takes a topic, as MQTT says; a level in braces (a template's) or a wildcard stands for any. */
function takes(filter, topic) {
  const want = filter.split("/"), have = topic.split("/");
  if (have[0].startsWith("$") && /^[+#]$/.test(want[0])) return false;
  for (const [place, level] of want.entries()) {
    if (level === "#" || have[place] === "#") return true;
    if (place >= have.length) return false;
    if (level !== "+" && level !== have[place] && !/^(\{.*\}|\+)$/.test(have[place])) return false;
  }
  return want.length === have.length;
}

/** The nodes that are meant by these words: a part of a name, a whole topic, or an MQTT filter. */
function hitsOf(model, words) {
  const hits = new Set(), filter = isFilter(words), low = words.toLowerCase();
  const has = (name) => name.toLowerCase().includes(low);
  model.nodes.forEach((node, place) => {
    const named = () => has(node.text) || has(node.name) || (node.clients || []).some(has);
    const taken = () => node.kind === "topic" && takes(words, node.name);
    if (filter ? taken() : named() || (words.includes("/") && taken())) hits.add(place);
  });
  return hits;
}

/** All nodes that are at most so many steps from these. */
function reachOf(model, from, hops) {
  const found = new Set(from);
  let rim = [...found];
  for (let step = 0; step < hops && rim.length; step += 1) {
    rim = rim.flatMap((place) => [...model.near[place]]).filter((place) => !found.has(place) && found.add(place));
  }
  return found;
}

/** The sum of a field. */
function total(lines, field) {
  return lines.reduce((sum, line) => sum + (line[field] || 0), 0);
}

/** 1 message, 1,234 messages. */
function amount(count, noun) {
  return count.toLocaleString("en") + " " + noun + (count === 1 ? "" : "s");
}

/** 40 B, 1.2 kB, 34 MB. */
function sizeOf(bytes) {
  const unit = ["B", "kB", "MB", "GB", "TB"];
  let step = 0;
  for (; bytes >= 1000 && step < 4; step += 1) bytes /= 1000;
  return (step && bytes < 10 ? bytes.toFixed(1) : bytes.toFixed(0)) + " " + unit[step];
}

/** A moment as people read it: to the second, without the T. */
function moment(text) {
  return text.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d).*$/, "$1 $2");
}
