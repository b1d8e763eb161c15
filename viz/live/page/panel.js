// All that is known of one node, as the server tells it: what a person sees beside the map. In: facts. Out: elements.

import { nameOf, nodeOf, perSecond, rateOf, readable, timeOf } from "./words.js";

const count = (number) => number.toLocaleString("en");
const codes = (names) => listed(names.map((name) => el("code", {}, ...breakable(readable(name)))));
const CHANGED = { added: "new: the other has it not", gone: "gone: only the other has it" };
const yesOr = (is, other) => (is ? "yes" : other);

/** The panel of a node. */
export function panelOf(told) {
  const service = told.kind === "service", node = nodeOf(told.id);
  const gone = service && !told.connected;
  const kind = el("p", {}, told.kind, ...(gone ? [", ", el("span", { class: "gone" }, "gone")] : []));
  const tools = [el("button", { "data-focus": told.name }, "Focus")];
  if (!service) tools.push(el("button", { "data-only": filterOf(told.name) }, "Only this"), el("button", { "data-without": filterOf(told.name) }, "Without this"));
  return [
    el("div", { class: "head" }, el("h2", { tabindex: "-1" }, node.text), kind),
    el("div", { class: "act" }, ...tools, el("button", { "data-close": "" }, "Close")),
    el("dl", {}, ...(service ? factsOfService(told) : factsOfTopic(told)).flatMap(([what, ...value]) => (value[0] ? [el("dt", {}, what), el("dd", {}, ...value)] : []))),
    ...(service ? ofService(told) : ofTopic(told)),
  ];
}

/** The filter that takes a topic, or all that one with braces stands for. */
export function filterOf(topic) {
  return topic.split("/").map((level) => (/^\{.*\}$/.test(level) ? "+" : level)).join("/");
}

function factsOfService(told) {
  const [session] = told.sessions.first, alone = told.sessions.total === 1 ? session : {};
  const { came, went } = alone, clients = told.clients || [];
  return [
    ["Compared", CHANGED[told.change]],
    ["Stands for", told.members && count(told.members.total) + " services"],
    ["Connected", ...(came ? (went ? ["no, ", ...wentOf(went)] : ["since ", timeOf(came.at)]) : [yesOr(told.connected, "no")])],
    ["Address", (told.addresses || []).join(", ")],
    ["User", told.user && readable(told.user)],
    ["Named by", told.rule && readable(String(told.rule))],
    ["Clients", clients.length > 1 || clients[0] !== told.name ? namesOf(clients) : ""],
    ["Protocol", came && ["MQTT " + came.protocol, came.clean ? "clean session" : "session kept", "alive every " + came.keepalive + " s"].join(", ")],
    ["Will", ...(came?.will ? [nameOf("topic:" + came.will.topic), " " + sizeOf(came.will.bytes) + ", QoS " + came.will.qos + (came.will.retain ? ", retained" : "")] : [""])],
    ["Subscribes to", ...codes(told.subscriptions.first), ...more(told.subscriptions)],
  ];
}

function factsOfTopic(told) {
  const newest = told.newest;
  return [
    ["Compared", CHANGED[told.change]],
    ["Stands for", told.members ? count(told.members.total) + " topics" : ""],
    ["Seen", told.filter ? "never: it is only subscribed to" : ""],
    ["Retained", ...(told.retained_by ? ["by ", nameOf("service:" + told.retained_by)] : [newest && "no"])],
    ["Last message", ...(newest ? [timeOf(newest.at), " from " + readable(newest.client)] : [""])],
    ["Its size", newest && sizeOf(newest.bytes) + ", QoS " + newest.qos + (newest.retain ? ", retained" : "")],
  ];
}

function wentOf({ at, reason }) {
  return ["gone ", timeOf(at), reason ? ": " + readable(String(reason)).replaceAll("_", " ") : ""];
}

function namesOf(names) {
  const some = names.slice(0, 12).map(readable).join(", ");
  return names.length > 12 ? some + " and " + count(names.length - 12) + " more" : some;
}

function more({ total, first }) {
  return total > first.length ? [" and " + count(total - first.length) + " more"] : [];
}

function ofService(told) {
  const parts = [
    section("Publishes", told.publishes, "topic", ["Topic", "Messages", "Rate", "Bytes", "QoS", "Last"], traffic),
    section("Receives", told.receives, "topic", ["Topic", "Messages", "Rate", "QoS", "Last"], received),
    section("Feeds", told.to, "service", ["Service", "Messages", "Rate", "On"], peer),
    section("Fed by", told.from, "service", ["Service", "Messages", "Rate", "On"], peer),
  ];
  if (told.refused.total) parts.push(section("Refused by the broker", told.refused, "topic", ["Topic", "Messages", "Rate", "Bytes", "QoS", "Last"], traffic));
  if (told.sessions.total > 1) {
    const rows = told.sessions.first.map(({ client, came, went }) => [readable(client), came ? timeOf(came.at) : "–", went ? wentOf(went) : "is there"]);
    parts.push([title("Connections", count(told.sessions.total)), ...tableOf("Connections", ["Client", "Came", "Went"], rows, 200), ...more(told.sessions)]);
  }
  return parts.flat();
}

function ofTopic(told) {
  const parts = [
    section("Published by", told.publishers, "service", ["Service", "Messages", "Rate", "Bytes", "QoS", "Last"], traffic),
    section("Received by", told.subscribers, "service", ["Service", "Messages", "Rate", "QoS", "Last"], received),
  ];
  if (told.refused.total) parts.push(section("Refused by the broker", told.refused, "service", ["Service", "Messages", "Rate", "Bytes", "QoS", "Last"], traffic));
  return parts.flat();
}

function title(words, small) {
  return el("h3", {}, words + " ", el("small", {}, small));
}

function section(words, list, noun, heads, row) {
  const [messages, minute] = [total(list.first, "messages"), total(list.first, "minute")];
  const sums = [amount(list.total, noun), amount(messages, "message"), ...(minute ? [perSecond(minute / 60)] : [])];
  if (!list.total) return [title(words, "nothing")];
  return [title(words, sums.join(", ")), ...tableOf(words, heads, list.first.map(row), 200), ...more(list)];
}

function traffic(edge) {
  return [nameOf(edge.id), count(edge.messages), rateOf(edge.minute), sizeOf(edge.bytes), edge.qos.join(" "), timeOf(edge.last)];
}

function received(edge) {
  const filters = (edge.filters || []).filter((one) => "topic:" + one !== edge.id);
  const by = filters.length ? [el("div", { class: "by" }, "by ", ...codes(filters.slice(0, 3)), ...(filters.length > 3 ? [" and " + count(filters.length - 3) + " more"] : []))] : [];
  return [[nameOf(edge.id), ...by], count(edge.messages), rateOf(edge.minute), edge.qos.join(" "), timeOf(edge.last)];
}

function peer(one) {
  const topics = one.topics.first.slice(0, 3).map((topic) => nameOf("topic:" + topic));
  const rest = one.topics.total - topics.length;
  return [nameOf(one.id), proofOf(one), rateOf(one.minute), listed(rest ? [...topics, count(rest) + " more"] : topics)];
}
