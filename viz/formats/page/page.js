// The page: what is open stands in the address (#tab=matrix&q=plant/+/temp&open=service:x&focus=topic:y&hops=2), every
// act changes that, and everything is shown from that.

(() => {
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("graph").textContent);
  const model = modelOf(data);
  const places = new Map(), names = [];
  model.nodes.forEach(({ kind, text }, place) => {
    let name = kind + ":" + text;
    while (places.has(name)) name += "'"; // what can't be seen may differ
    places.set(name, place);
    names.push(name);
  });
  const tabs = ["map", "matrix", "list"];
  const picture = document.querySelector("#map svg");
  const [map, panel, search] = [find("map"), find("panel"), find("search")];
  const none = { tab: "map", q: "", open: -1, focus: -1, hops: 1 };
  const TITLE = 44; // points: the picture's own title and counts stand on the page already
  const LEAST = 0.6; // below this nobody reads the map: it scrolls
  let state = { ...none }, zoom = 0, returnTo = null;

  // --- the address

  function read() {
    const said = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
    const place = (name) => places.get(said.get(name)) ?? -1;
    const tab = said.get("tab");
    return { tab: tabs.includes(tab) ? tab : "map", q: said.get("q") || "", open: place("open"), focus: place("focus"), hops: Number(said.get("hops")) || 1 };
  }

  function go(change, quietly = false) {
    state = { ...state, ...change };
    const said = new URLSearchParams();
    if (state.tab !== "map") said.set("tab", state.tab);
    if (state.q) said.set("q", state.q);
    if (state.open >= 0) said.set("open", names[state.open]);
    if (state.focus >= 0) said.set("focus", names[state.focus]);
    if (state.focus >= 0 && state.hops !== 1) said.set("hops", state.hops);
    const hash = "#" + said.toString().replaceAll("+", "%20").replaceAll("%2F", "/").replaceAll("%3A", ":");
    if (quietly) location.replace(hash);
    else location.hash = hash;
    show();
  }

  // --- the map

  const drawn = [...picture.querySelectorAll("[data-n]")].map((element) => ({ element, shows: data.map.shows[element.dataset.n] || [], head: data.map.heads[element.dataset.n] }));
  const joined = [...picture.querySelectorAll("[data-from]")].map((element) => ({ element, ends: [element.dataset.from, element.dataset.to].map((end) => data.map.shows[end] || []) }));
  const tables = [...picture.querySelectorAll("g.table")].map((element) => ({ element, nodes: [...element.querySelectorAll("[data-n]")] }));
  const { width, height } = picture.viewBox.baseVal;
  const isOut = (element) => element.classList.contains("is-out");

  function prepare() {
    picture.setAttribute("role", "group");
    picture.classList.toggle("is-small", joined.length < 500); // thousands that fade at once stutter
    for (const size of ["width", "height"]) picture.removeAttribute(size);
    for (const { element, shows, head } of drawn) {
      const node = model.nodes[shows[0]];
      element.setAttribute("role", "button");
      element.setAttribute("tabindex", "-1");
      element.setAttribute("aria-label", head ? "all of " + head : node ? node.kind + " " + node.text : "");
    }
    for (const { element, shows } of drawn) {
      const link = element.querySelector("a[href]"); // a click opens the panel, and the panel has the link
      if (!link) continue;
      model.nodes[shows[0]].link = link.getAttribute("href");
      link.removeAttribute("href");
    }
  }

  /** One of the nodes is reached by Tab, the others from there by arrow keys. */
  function keepStop() {
    const stop = drawn.find(({ element }) => element.tabIndex === 0);
    if (stop && !isOut(stop.element)) return;
    stop?.element.setAttribute("tabindex", "-1");
    const left = drawn.filter(({ element }) => !isOut(element));
    const first = left.find(({ shows }) => model.nodes[shows[0]]?.kind === "service") || left[0];
    first?.element.setAttribute("tabindex", "0");
  }

  function paint(hits, within) {
    const core = hits || (state.open >= 0 ? new Set([state.open]) : null);
    const near = core && reachOf(model, core, 1);
    const some = (set, shows) => shows.some((place) => set.has(place));
    picture.classList.toggle("is-dim", Boolean(core));
    for (const { element, shows, head } of drawn) {
      element.classList.toggle("is-lit", Boolean(core) && some(near, shows));
      element.classList.toggle("is-hit", Boolean(hits) && !head && some(hits, shows));
      element.classList.toggle("is-open", !head && shows.includes(state.open));
      element.classList.toggle("is-out", Boolean(within) && !some(within, shows));
      if (!head) element.setAttribute("aria-pressed", String(shows.includes(state.open)));
    }
    for (const { element, ends: [from, to] } of joined) {
      const lit = core && ((some(core, from) && some(near, to)) || (some(core, to) && some(near, from)));
      element.classList.toggle("is-lit", Boolean(lit));
      element.classList.toggle("is-out", Boolean(within) && !(some(within, from) && some(within, to)));
    }
    for (const { element, nodes } of tables) element.classList.toggle("is-out", nodes.every(isOut));
    keepStop();
    const wide = crop(within);
    const fit = Math.min(1, Math.max(map.clientWidth / wide, LEAST));
    picture.style.width = Math.floor(wide * (zoom || fit)) + "px";
    if (zoom || fit > LEAST) return;
    drawn.find(({ element }) => element.classList.contains("is-open"))?.element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** Cuts the map to what is in focus; answers how wide it is. */
  function crop(within) {
    const kept = within ? [...drawn, ...joined, ...tables].filter(({ element }) => !isOut(element)) : [];
    if (!kept.length) {
      picture.setAttribute("viewBox", [0, TITLE, width, height - TITLE].join(" "));
      return width;
    }
    const boxes = kept.map(({ element }) => element.getBBox());
    const [left, top] = ["x", "y"].map((side) => Math.min(...boxes.map((box) => box[side])) - 16);
    const [right, bottom] = [["x", "width"], ["y", "height"]].map(([side, length]) => Math.max(...boxes.map((box) => box[side] + box[length])) + 16);
    picture.setAttribute("viewBox", [left, top, right - left, bottom - top].join(" "));
    return right - left;
  }

  function resize(factor) {
    const shown = picture.clientWidth / picture.viewBox.baseVal.width;
    zoom = factor && Math.min(4, Math.max(0.1, shown * factor));
    show();
  }

  /** The next node on the map in the direction of an arrow key. */
  function beside(from, key) {
    const middle = (element) => {
      const box = element.getBBox();
      return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const [x, y] = middle(from);
    const across = key === "ArrowLeft" || key === "ArrowRight", sign = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
    let best = null, least = Infinity;
    for (const { element } of drawn) {
      if (element === from || isOut(element)) continue;
      const [dx, dy] = middle(element).map((value, axis) => value - [x, y][axis]);
      const [ahead, aside] = across ? [sign * dx, Math.abs(dy)] : [sign * dy, Math.abs(dx)];
      if (ahead > 1 && ahead + 3 * aside < least) [best, least] = [element, ahead + 3 * aside];
    }
    return best;
  }

  // --- the tables

  const built = { matrix: "", list: "" };
  let order = { by: "place", down: false };

  function fill(id, words, table, rows, make) {
    const body = table.tBodies[0], step = 200;
    let done = 0;
    const more = el("button", { class: "more" });
    const add = (count) => {
      body.append(...rows.slice(done, (done += count)).map(make));
      more.hidden = done >= rows.length;
      more.textContent = "Show more: " + Math.min(done, rows.length).toLocaleString("en") + " of " + rows.length.toLocaleString("en");
    };
    add(step);
    more.addEventListener("click", () => add(step));
    find(id).replaceChildren(words, table, more);
    find(id).scrollTop = 0;
    new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && done < rows.length && add(step), { root: find(id), rootMargin: "600px" }).observe(more);
    addEventListener("beforeprint", () => more.isConnected && add(5000));
    body.querySelector("button")?.setAttribute("tabindex", "0");
    table.tHead.querySelector("th + th button")?.setAttribute("tabindex", "0");
  }

  function matrix(shown) {
    const topics = [...shown].filter((place) => model.nodes[place].kind === "topic").sort((one, two) => one - two);
    const lines = topics.flatMap((topic) => linesOf(model, topic).filter((line) => shown.has(line.from) && shown.has(line.to)));
    const services = [...new Set(lines.flatMap((line) => [line.from, line.to]))].filter((place) => model.nodes[place].kind === "service").sort((one, two) => one - two);
    if (!topics.length) return find("matrix").replaceChildren(el("p", { class: "nothing" }, "No topic here."));
    const { heads, row } = matrixOf(model, topics, services);
    const grid = heads.length > 3 || heads[1] instanceof Element;
    const head = el("thead", {}, el("tr", {}, ...heads.map((name) => el("th", { scope: "col" }, name))));
    const table = el("table", { class: grid ? "grid" : "names" }, el("caption", { class: "aside" }, "Topics, and which service publishes or receives each"), head, el("tbody", {}));
    fill("matrix", meaningOf(model, lines), table, topics, (topic) => {
      const [name, ...cells] = row(topic).map((cell) => [cell].flat());
      return el("tr", {}, el("th", { scope: "row" }, ...name), ...cells.map((cell) => el("td", {}, ...cell)));
    });
  }

  const COLUMNS = [["place", "Name"], ["kind", "Kind"], ["joined", "Joined with"], ["published", "Published"], ["bytes", "Bytes published"], ["received", "Received"], ["last", "Last message"]];

  function list(shown) {
    const rows = [...shown].map((place) => sumsOf(model, place));
    const sign = order.down ? -1 : 1;
    rows.sort((one, two) => sign * (one[order.by] > two[order.by] ? 1 : one[order.by] < two[order.by] ? -1 : 0) || one.place - two.place);
    const head = el("tr", {}, ...COLUMNS.map(([by, name]) => el("th", { scope: "col", "aria-sort": by !== order.by ? "none" : order.down ? "descending" : "ascending" }, el("button", { "data-sort": by }, name))));
    const table = el("table", { class: "list" }, el("caption", { class: "aside" }, "Services and topics with their numbers"), el("thead", {}, head), el("tbody", {}));
    const count = (number) => number.toLocaleString("en");
    fill("list", "", table, rows, (row) => {
      const cells = [row.kind, count(row.joined), count(row.published), sizeOf(row.bytes), count(row.received), timeOf(model, row.last)];
      return el("tr", {}, el("th", { scope: "row" }, nameOf(model, row.place, { tabindex: "-1" })), ...cells.map((cell) => el("td", {}, cell)));
    });
  }

  // --- everything from the state

  function show() {
    const hits = state.q ? hitsOf(model, state.q) : null;
    const within = state.focus >= 0 ? reachOf(model, [state.focus], state.hops) : null;
    for (const tab of tabs) {
      const chosen = tab === state.tab;
      find(tab).hidden = !chosen;
      find("tab-" + tab).setAttribute("aria-selected", String(chosen));
      find("tab-" + tab).setAttribute("tabindex", chosen ? "0" : "-1");
    }
    if (search.value !== state.q) search.value = state.q;
    const found = hits && within ? [...hits].filter((place) => within.has(place)) : [...(hits || [])];
    find("count").textContent = hits ? found.length.toLocaleString("en") + " of " + amount((within || model.nodes).size ?? model.nodes.length, "name") : "";
    document.body.classList.toggle("missed", Boolean(hits) && !found.length);
    find("focus").hidden = state.focus < 0;
    find("focus-name").textContent = state.focus < 0 ? "" : model.nodes[state.focus].text;
    find("hops").value = state.hops;
    document.querySelector(".zoom").hidden = state.tab !== "map";
    side();
    if (state.tab === "map") return paint(hits, within);
    const every = within || new Set(model.nodes.keys());
    const wanted = JSON.stringify([state.q, state.focus, state.hops, order]);
    if (built[state.tab] !== wanted) {
      built[state.tab] = wanted;
      if (state.tab === "list") list(hits ? new Set(found) : every);
      else matrix(hits ? touching(found, every) : every);
    }
    for (const button of document.querySelectorAll("main [data-open]")) button.classList.toggle("is-open", Number(button.dataset.open) === state.open);
  }

  /** For the matrix: the topics that were found or that a found service uses, and all who use these. */
  function touching(found, every) {
    const topics = found.flatMap((place) => (model.nodes[place].kind === "topic" ? [place] : [...model.near[place]]));
    return new Set([...reachOf(model, topics, 1)].filter((place) => every.has(place) && (model.nodes[place].kind === "service" || topics.includes(place))));
  }

  function side() {
    const key = String(state.open);
    if (panel.dataset.shows === key) return;
    panel.dataset.shows = key;
    panel.hidden = state.open < 0;
    panel.replaceChildren(...(state.open < 0 ? [] : panelOf(model, state.open)));
    panel.scrollTop = 0;
  }

  // --- acts

  function open(place, from) {
    if (!panel.contains(from)) returnTo = from;
    go({ open: place === state.open ? -1 : place });
    if (state.open >= 0) panel.querySelector("h2").focus({ preventScroll: true });
  }

  function close() {
    go({ open: -1 });
    if (returnTo?.isConnected) returnTo.focus({ preventScroll: true });
  }

  function act(element) {
    const node = drawn.find((each) => each.element === element);
    if (node?.head) go({ q: state.q === node.head + "#" ? "" : node.head + "#" });
    else if (node?.shows.length) open(node.shows[0], element);
  }

  function move(event) {
    const target = event.target, tab = target.closest("[role=tab]");
    const cell = target.closest("#matrix th, #list tbody th");
    let next = null;
    if (tab) next = find("tab-" + tabs[(tabs.indexOf(state.tab) + (/Right|Down/.test(event.key) ? 1 : tabs.length - 1)) % tabs.length]);
    else if (target.matches("[data-n]")) next = beside(target, event.key);
    else if (cell && target.matches("button")) {
      const row = cell.parentElement, back = /Left|Up/.test(event.key), inHead = row.parentElement.tagName === "THEAD";
      if (inHead === /Left|Right/.test(event.key)) next = (inHead ? (back ? cell.previousElementSibling : cell.nextElementSibling) : (back ? row.previousElementSibling : row.nextElementSibling)?.cells[0])?.querySelector("button");
    }
    if (!next) return;
    event.preventDefault();
    if (tab) go({ tab: next.id.slice(4) });
    target.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-open],[data-focus],[data-close],[data-sort],[role=tab],#unfocus,#fit,#smaller,#larger,[data-n]");
    if (!button) return;
    if (button.dataset.open) open(Number(button.dataset.open), button);
    else if (button.dataset.focus) go({ focus: Number(button.dataset.focus) });
    else if ("close" in button.dataset) close();
    else if (button.dataset.sort) (order = { by: button.dataset.sort, down: order.by === button.dataset.sort ? !order.down : !["place", "kind"].includes(button.dataset.sort) }), show(), document.querySelector(`[data-sort=${order.by}]`).focus();
    else if (button.role === "tab") go({ tab: button.id.slice(4) });
    else if (button.id === "unfocus") go({ focus: -1, hops: 1 });
    else if (button.dataset.n) act(button);
    else resize({ fit: 0, smaller: 0.8, larger: 1.25 }[button.id]);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const writing = event.target.matches("input, select");
    if (event.key === "Escape") {
      if (event.target === search && state.q) go({ q: "" }, true);
      else if (state.open >= 0) close();
      else if (state.focus >= 0) go({ focus: -1, hops: 1 });
      else if (state.q) go({ q: "" }, true);
    } else if (writing) return;
    else if (event.key === "/") (event.preventDefault(), search.focus(), search.select());
    else if (event.key === "f") {
      const under = event.target.closest("[data-n]"), shown = under && drawn.find((each) => each.element === under && !each.head);
      const place = shown ? shown.shows[0] : Number(event.target.closest("[data-open]")?.dataset.open ?? state.open);
      if (place >= 0) go({ focus: place });
    } else if (/^(Enter| )$/.test(event.key) && event.target.matches("[data-n]")) (event.preventDefault(), act(event.target));
    else if (event.key.startsWith("Arrow")) move(event);
  });

  search.addEventListener("input", () => go({ q: search.value }, true));
  find("hops").addEventListener("change", ({ target }) => go({ hops: Number(target.value) }));
  addEventListener("hashchange", () => JSON.stringify(read()) !== JSON.stringify(state) && ((state = read()), show()));
  addEventListener("resize", () => state.tab === "map" && show());

  prepare();
  state = read();
  show();
})();
