// What one run does otherwise than another. In: what the server tells of both. Out: elements, not yet in the document.

import { nameOf } from "./words.js";

const KINDS = { publish: "publishes", subscribe: "receives", deny: "is refused" };
const count = (number) => (number === undefined ? "–" : number.toLocaleString("en"));

/** All differences, the ones that matter most first. What is shown is the first of both, and what it is compared with came before. */
export function changesOf({ services, topics, lines }) {
  const parts = [
    names("Services that are new", services.gone, "service"),
    names("Services that are not there any more", services.added, "service"),
    names("Topics that are new", topics.gone, "topic"),
    names("Topics that are not there any more", topics.added, "topic"),
    traffic("New", lines.gone),
    traffic("Not there any more", lines.added),
    traffic("Not as often", lines.changed),
  ].flat();
  const same = el("p", { class: "nothing" }, parts.length ? "The same in both: " + amount(lines.same, "line") + "." : "Both are the same: " + amount(lines.same, "line") + ".");
  return [...parts, same];
}

function names(title, { total, first }, kind) {
  return total ? [heading(title, total), el("p", {}, ...listed(first.map((name) => nameOf(kind + ":" + name))))] : [];
}

function traffic(title, { total, first }) {
  const rows = first.map((line) => [nameOf("service:" + line.service), KINDS[line.kind] || line.kind, nameOf("topic:" + line.topic), count(line.before), count(line.after)]);
  return total ? [heading(title, total), ...tableOf(title, ["Service", "Does", "Topic", "Now", "Before"], rows)] : [];
}

function heading(title, total) {
  return el("h3", {}, title + " ", el("small", {}, count(total)));
}
