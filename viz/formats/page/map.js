// The drawn map as something to act on. In: the picture, the model, and which node each number in the picture shows.
// Knows neither the address nor what else stands on the page.

const TITLE = 44; // points: the picture's own title and counts stand on the page already
const LEAST = 0.6; // smaller than this nobody reads it: it scrolls

/** A map that can be dimmed, cut to what is near, resized and walked on; `largest`: how large it may be to fill a room. */
function mapOn(picture, model, { shows, heads }, { largest = 0 } = {}) {
  const drawn = [...picture.querySelectorAll("[data-n]")].map((element) => ({ element, shows: shows[element.dataset.n] || [], head: heads[element.dataset.n] }));
  const joined = [...picture.querySelectorAll("[data-from]")].map((element) => ({ element, ends: [element.dataset.from, element.dataset.to].map((end) => shows[end] || []) }));
  const tables = [...picture.querySelectorAll("g.table")].map((element) => ({ element, nodes: [...element.querySelectorAll("[data-n]")] }));
  const { width, height } = picture.viewBox.baseVal;
  const isOut = (element) => element.classList.contains("is-out");
  const some = (set, places) => places.some((place) => set.has(place));
  let zoom = 0; // 0: as wide as there is room

  picture.setAttribute("role", "group");
  picture.classList.toggle("is-small", joined.length < 500); // thousands that fade at once stutter
  for (const size of ["width", "height"]) picture.removeAttribute(size);
  for (const { element, shows: [first], head } of drawn) {
    const node = model.nodes[first], link = element.querySelector("a[href]");
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "-1");
    element.setAttribute("aria-label", head ? "all of " + head : node ? node.kind + " " + node.text : "");
    if (!link) continue;
    node.link = link.getAttribute("href"); // a click opens the panel, and the panel has the link
    link.removeAttribute("href");
  }

  /** Shows what is open, dims what is not near it (or not near what was found), takes out what is not within. */
  function paint({ open, hits, within }) {
    const core = hits || (open >= 0 ? new Set([open]) : null);
    const near = core && reachOf(model, core, 1);
    picture.classList.toggle("is-dim", Boolean(core));
    for (const { element, shows: places, head } of drawn) {
      const isOpen = !head && places.includes(open);
      element.classList.toggle("is-lit", Boolean(core) && some(near, places));
      element.classList.toggle("is-hit", Boolean(hits) && !head && some(hits, places));
      element.classList.toggle("is-open", isOpen);
      element.classList.toggle("is-out", Boolean(within) && !some(within, places));
      if (!head) element.setAttribute("aria-pressed", String(isOpen));
    }
    for (const { element, ends: [from, to] } of joined) {
      const lit = core && ((some(core, from) && some(near, to)) || (some(core, to) && some(near, from)));
      element.classList.toggle("is-lit", Boolean(lit));
      element.classList.toggle("is-out", Boolean(within) && !(some(within, from) && some(within, to)));
    }
    for (const { element, nodes } of tables) element.classList.toggle("is-out", nodes.every(isOut));
    keepStop();
    const wide = crop(Boolean(within));
    const fit = fitOf(wide);
    picture.style.width = Math.floor(wide * (zoom || fit)) + "px";
    if (zoom || fit > LEAST) return;
    drawn.find(({ element }) => element.classList.contains("is-open"))?.element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** How large it is where nobody said so: as wide as there is room or, where it may be large, as wide and high. */
  function fitOf(wide) {
    const { clientWidth, clientHeight } = picture.parentElement;
    const across = clientWidth / wide, whole = Math.min(across, clientHeight / picture.viewBox.baseVal.height);
    if (largest && whole >= LEAST) return Math.min(largest, whole);
    return Math.min(1, Math.max(across, LEAST));
  }

  /** Tab reaches one of the nodes, arrow keys the others from there. */
  function keepStop() {
    const stop = drawn.find(({ element }) => element.tabIndex === 0);
    if (stop && !isOut(stop.element)) return;
    stop?.element.setAttribute("tabindex", "-1");
    const left = drawn.filter(({ element }) => !isOut(element));
    const first = left.find(({ shows: [place] }) => model.nodes[place]?.kind === "service") || left[0];
    first?.element.setAttribute("tabindex", "0");
  }

  /** Cuts the picture to what is left of it; answers how wide that is. */
  function crop(cut) {
    const boxes = cut ? [...drawn, ...joined, ...tables].filter(({ element }) => !isOut(element)).map(({ element }) => element.getBBox()) : [];
    let [left, top, right, bottom] = [0, TITLE, width, height];
    if (boxes.length) {
      [left, top] = ["x", "y"].map((side) => Math.min(...boxes.map((box) => box[side])) - 16);
      [right, bottom] = [["x", "width"], ["y", "height"]].map(([side, length]) => Math.max(...boxes.map((box) => box[side] + box[length])) + 16);
    }
    picture.setAttribute("viewBox", [left, top, right - left, bottom - top].join(" "));
    return right - left;
  }

  /** Makes it larger or smaller by a factor; 0 fits it again. Answers the size that was chosen, 0 for none. */
  function resize(factor) {
    return sizeTo(factor && (picture.clientWidth / picture.viewBox.baseVal.width) * factor);
  }

  function sizeTo(size) {
    return (zoom = size && Math.min(4, Math.max(0.1, size)));
  }

  /** The next node in the direction of an arrow key, or null. */
  function beside(from, key) {
    const middle = (element) => {
      const box = element.getBBox();
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const [x, y] = middle(from), across = /Left|Right/.test(key), sign = /Left|Up/.test(key) ? -1 : 1;
    let best = null, least = Infinity;
    for (const { element } of drawn) {
      if (element === from || isOut(element)) continue;
      const [dx, dy] = middle(element).map((value, axis) => value - [x, y][axis]);
      const [ahead, off] = across ? [sign * dx, Math.abs(dy)] : [sign * dy, Math.abs(dx)];
      if (ahead > 1 && ahead + 3 * off < least) [best, least] = [element, ahead + 3 * off];
    }
    return best;
  }

  /** What an element shows: a place in the model's nodes, or the head of a table. */
  function meantBy(element) {
    const { shows: [place = -1], head } = drawn.find((each) => each.element === element);
    return head ? { head } : { place };
  }

  return { paint, resize, sizeTo, beside, meantBy };
}
