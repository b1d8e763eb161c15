// The tail: what happens, an entry a line, the newest last. In: entries. Holds so many, and stands still when it is
// held or scrolled up.

import { nameOf, readable, timeOf } from "./words.js";

const MOST = 400;
const WORDS = { connect: "comes", disconnect: "goes", subscribe: "subscribes", unsubscribe: "unsubscribes", publish: "publishes", deliver: "gets", deny: "is refused", broker: "broker" };

/** The log in a box. */
export function tailIn(box) {
  const list = box.querySelector(".log");
  let waiting = [], isHeld = false, frame = 0;

  function add({ entries, left_out: leftOut }) {
    if (leftOut) waiting.push({ leftOut });
    waiting.push(...entries);
    waiting = waiting.slice(-MOST);
    if (!isHeld) frame ||= requestAnimationFrame(show);
  }

  function show() {
    frame = 0;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 30;
    list.append(...waiting.map(rowOf));
    waiting = [];
    for (let extra = list.children.length - MOST; extra > 0; extra -= 1) list.firstChild.remove();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  }

  function hold(wanted) {
    isHeld = wanted;
    if (!wanted) show();
  }

  function clear() {
    waiting = [];
    list.replaceChildren();
  }

  return { add, hold, clear };
}

function rowOf(one) {
  if (one.leftOut) return el("p", { class: "nothing" }, amount(one.leftOut, "event") + " more, too fast to be shown");
  const words = el("span", { class: "event " + one.event }, WORDS[one.event] || readable(String(one.event)));
  return el("p", {}, timeOf(one.at), " ", whoOf(one.client), " ", words, " ", ...whatOf(one));
}

function whoOf(client) {
  return el("b", {}, client ? readable(client) : "");
}

/** What it is about, in the order in which it would be said. */
function whatOf(one) {
  const parts = [];
  if (one.topic !== undefined && one.topic !== null) parts.push(nameOf("topic:" + one.topic));
  if (one.filter) parts.push(el("code", {}, readable(one.filter)));
  const notes = [];
  if (one.sender) notes.push("from " + readable(one.sender) + (one.proof === "inferred" ? " (inferred)" : ""));
  if (one.receivers?.length) notes.push("→ " + one.receivers.map(readable).join(", "));
  if (one.times > 1) notes.push(amount(one.times, "time"));
  if (one.bytes) notes.push(sizeOf(one.bytes));
  if (one.qos) notes.push("QoS " + one.qos);
  if (one.retain) notes.push("retained");
  if (one.reason) notes.push(readable(String(one.reason)).replaceAll("_", " "));
  if (one.address) notes.push("at " + readable(String(one.address)));
  if (notes.length) parts.push(el("small", {}, notes.join(", ")));
  return parts.flatMap((part) => [part, " "]);
}
