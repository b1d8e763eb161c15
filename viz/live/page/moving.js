// The map that moves: put in as it comes, lit where a message passes, kept where it was when another comes. In: what
// the server tells. `mapOn` (shared with the page of a file) makes the picture something to act on.

import { nodeOf } from "./words.js";

const LIT = 400; // ms that a line stays lit
const NEW = 30000; // ms that a node counts as new
const LARGEST = 2.2; // how much larger than drawn it may be to fill a wall

/** A map in a room that scrolls; `moved` is called when its size or place was changed by hand. */
export function mapIn(room, moved) {
  let map = null, picture = null, nodes = [], shows = {}, arrows = new Map(), elements = new Map(), size = 0;
  let painted = { open: "", hits: null };
  const lit = new Map();
  let sweeping = 0, settling = 0;

  /** Another picture, with the widths and states of now. */
  function put(told) {
    const focused = picture?.contains(document.activeElement) && nodes[document.activeElement.dataset.n];
    const place = [room.scrollLeft, room.scrollTop];
    picture = document.adoptNode(new DOMParser().parseFromString(told.svg, "image/svg+xml").documentElement);
    room.replaceChildren(picture);
    nodes = told.nodes;
    lit.clear();
    act();
    elements = new Map();
    for (const element of picture.querySelectorAll("[data-n]")) elements.set(+element.dataset.n, [...(elements.get(+element.dataset.n) || []), element]);
    arrows = new Map([...picture.querySelectorAll("[data-e],[data-m]")].map((element) => [+(element.dataset.e ?? element.dataset.m), { element, line: element.querySelector(".line") }]));
    told.widths.forEach(([arrow, width]) => widen(arrow, width));
    told.states.forEach(([node, state]) => turn(node, state));
    for (const node of told.new) mark(node);
    map.sizeTo(size);
    roomy();
    paint(painted);
    room.scrollTo(...place);
    elements.get(nodes.indexOf(focused))?.[0].focus({ preventScroll: true });
  }

  /** Makes it something to act on: which number shows what, and what is near what. */
  function act() {
    const numbers = (element) => [...element.querySelectorAll("[data-n]")].map((one) => +one.dataset.n);
    const heads = {};
    shows = Object.fromEntries(nodes.map((_, number) => [number, [number]]));
    for (const table of picture.querySelectorAll("g.table")) {
      const [head, ...rows] = numbers(table);
      if (nodes[head]?.startsWith("topics:")) [shows[head], heads[head]] = [rows, nodes[head].slice(7)];
    }
    const model = { nodes: nodes.map(nodeOf), near: nodes.map(() => new Set()) };
    for (const { dataset: { from, to } } of picture.querySelectorAll("[data-from]")) {
      for (const one of shows[from]) for (const other of shows[to]) model.near[one].add(other), model.near[other].add(one);
    }
    map = mapOn(picture, model, { shows, heads }, { largest: LARGEST });
  }

  // --- what happens

  function pulse({ d, n }) {
    const until = performance.now() + LIT;
    for (const [arrow, messages, width] of d) {
      if (width !== null) widen(arrow, width);
      const element = arrows.get(arrow)?.element;
      if (!messages || !element) continue;
      if (!lit.has(element)) element.classList.add("passes");
      lit.set(element, until);
    }
    n.forEach(([node, state]) => turn(node, state));
    sweeping ||= setTimeout(sweep, LIT);
  }

  function sweep() {
    const now = performance.now();
    for (const [element, until] of lit) if (until <= now + 10) element.classList.remove("passes"), lit.delete(element);
    sweeping = lit.size ? setTimeout(sweep, LIT / 4) : 0;
  }

  function widen(arrow, width) {
    arrows.get(arrow)?.line?.setAttribute("stroke-width", width);
  }

  function turn(node, state) {
    for (const element of elements.get(node) || []) say(element, "gone", state === "gone");
  }

  function mark(node) {
    for (const element of elements.get(node) || []) {
      say(element, "new", true);
      setTimeout(say, NEW, element, "new", false);
    }
  }

  function say(element, word, is) {
    if (element.classList.contains("is-" + word) === is) return;
    element.classList.toggle("is-" + word, is);
    const label = element.getAttribute("aria-label").replace(", " + word, "");
    element.setAttribute("aria-label", is ? label + ", " + word : label);
  }

  // --- what is shown of it

  /** Shows which node (by its id) is open, and which (by their numbers) were found. */
  function paint({ open, hits }) {
    painted = { open, hits };
    map?.paint({ open: nodes.indexOf(open), hits, within: null });
  }

  /** Another size, around a point of the window or the middle of the room; 0 fits it. */
  function resize(factor, x, y) {
    if (!picture) return;
    const { left, top, width, height } = room.getBoundingClientRect();
    [x, y] = [x ?? left + width / 2, y ?? top + height / 2];
    const before = picture.getBoundingClientRect();
    const [across, down] = [(x - before.left) / before.width, (y - before.top) / before.height];
    const isWhole = before.width <= room.clientWidth && before.height <= room.clientHeight;
    // asked to fit what fits as well as can be read: then all of it
    const whole = Math.min(room.clientWidth / before.width, room.clientHeight / before.height);
    size = map.resize(factor || size || isWhole ? factor : whole);
    roomy();
    paint(painted);
    const after = picture.getBoundingClientRect();
    room.scrollBy({ left: after.left + across * after.width - x, top: after.top + down * after.height - y, behavior: "instant" });
    settle();
  }

  /** Room round it, where somebody has sized it, so that each corner can be moved to the middle. */
  function roomy() {
    picture.style.margin = size ? `${room.clientHeight / 2}px ${room.clientWidth / 2}px` : "";
  }

  /** The size and what is in the middle, to be shared; empty where it fits. */
  function where() {
    if (!size) return "";
    const { left, top, width, height } = picture.getBoundingClientRect(), box = room.getBoundingClientRect();
    const middle = [(box.left + box.width / 2 - left) / width, (box.top + box.height / 2 - top) / height];
    return [size, ...middle].map((part) => part.toFixed(3)).join(",");
  }

  /** Goes where somebody was. */
  function goTo(at) {
    const [wanted, across, down] = at.split(",").map(Number);
    if (!map || !at || at === where() || ![wanted, across, down].every(Number.isFinite)) return;
    size = map.sizeTo(wanted);
    roomy();
    paint(painted);
    const { left, top, width, height } = picture.getBoundingClientRect(), box = room.getBoundingClientRect();
    room.scrollBy({ left: left + across * width - box.left - box.width / 2, top: top + down * height - box.top - box.height / 2, behavior: "instant" });
  }

  function settle() {
    clearTimeout(settling);
    settling = setTimeout(() => moved(where()), 300);
  }

  // --- by hand

  room.addEventListener("wheel", (event) => {
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    event.preventDefault();
    resize(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 300), event.clientX, event.clientY);
  }, { passive: false });

  let drag = null;
  room.addEventListener("pointerdown", ({ button, pointerType, clientX, clientY }) => {
    if (button === 0 && pointerType === "mouse") drag = { x: clientX, y: clientY, moved: false };
  });
  room.addEventListener("pointermove", (event) => {
    if (!drag || !(event.buttons & 1)) return (drag = null);
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.hypot(dx, dy) < 4) return;
    if (!drag.moved) room.setPointerCapture(event.pointerId);
    room.classList.add("is-dragged");
    room.scrollBy({ left: -dx, top: -dy, behavior: "instant" });
    drag = { x: event.clientX, y: event.clientY, moved: true };
  });
  room.addEventListener("pointerup", () => room.classList.remove("is-dragged"));
  room.addEventListener("click", (event) => {
    if (drag?.moved) event.stopPropagation();
    drag = null;
  }, true);
  room.addEventListener("scroll", () => size && settle());

  new ResizeObserver(() => paint(painted)).observe(room, { box: "border-box" });

  return {
    put, pulse, paint, resize, goTo, where,
    pan: (across, down) => room.scrollBy({ left: across * 120, top: down * 120 }),
    beside: (from, key) => map.beside(from, key),
    meantBy: (element) => {
      const { head, place } = map.meantBy(element);
      return { head, id: place >= 0 ? nodes[place] : undefined };
    },
    idOf: (number) => nodes[number],
    has: (id) => nodes.includes(id),
  };
}
