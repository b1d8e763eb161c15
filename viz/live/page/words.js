// Words for what the server tells. In: plain values. Out: texts, and elements that are not yet in the document.

/** A name with its letters that can't be seen as escapes. */
export function readable(name) {
  const seen = (letter) => "\\u" + letter.codePointAt(0).toString(16).padStart(4, "0");
  return name.split("/").map((level) => level.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, seen) || "(empty)").join("/");
}

/** What a node's id says: its kind and its name. */
export function nodeOf(id) {
  const [kind] = id.split(":", 1), name = id.slice(kind.length + 1);
  return { kind, name, text: readable(name) };
}

/** A button that opens a node. */
export function nameOf(id) {
  const { kind, text } = nodeOf(id);
  return el("button", { class: "name " + kind, "data-id": id }, ...breakable(text));
}

/** The time of day, with the day where that is another one. */
export function timeOf(at) {
  if (!at) return "–";
  const moment = new Date(at), time = moment.toLocaleTimeString("en-GB");
  const day = moment.toDateString() === new Date().toDateString() ? "" : moment.toLocaleDateString("en-CA") + " ";
  return el("time", { datetime: at, title: at }, day + time);
}

/** Messages of a minute as a rate. */
export function rateOf(minute) {
  return minute >= 600 ? Math.round(minute / 60).toLocaleString("en") + "/s" : minute ? minute.toLocaleString("en") + "/min" : "–";
}

/** A rate in messages a second. */
export function perSecond(rate) {
  if (rate >= 10) return Math.round(rate).toLocaleString("en") + "/s";
  return rate >= 1 ? rate.toFixed(1) + "/s" : rateOf(Math.round(rate * 60));
}

/** Makes what is there like what is wanted, and leaves alone what is like that: the keyboard's place, scrolling. */
export function patch(old, fresh) {
  if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const [have, want] = [[...old.childNodes], [...fresh.childNodes]];
  want.forEach((node, place) => (have[place] ? patch(have[place], node) : old.append(node)));
  for (const node of have.slice(want.length)) node.remove();
}
