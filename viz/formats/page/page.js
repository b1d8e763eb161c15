// The page: what is open stands in the address (#tab=matrix&q=plant/+/temp&open=service:x&focus=topic:y&hops=2), every
// act changes that, and everything is shown from that.

(() => {
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("graph").textContent);
  const model = modelOf(data);
  const map = mapOn(document.querySelector("#map svg"), model, data.map);
  const tabs = ["map", "matrix", "list"];
  const [panel, search] = [find("panel"), find("search")];
  const places = new Map(), names = [];
  model.nodes.forEach(({ kind, text }, place) => {
    let name = kind + ":" + text;
    while (places.has(name)) name += "'"; // what can't be seen may differ
    places.set(name, place);
    names.push(name);
  });
  const built = {}; // tab → what its table was made for
  let state = read(), order = { by: "place", down: false }, returnTo = null;

  // --- the address

  function read() {
    const said = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B"));
    const place = (name) => places.get(said.get(name)) ?? -1;
    const tab = said.get("tab");
    return { tab: tabs.includes(tab) ? tab : "map", q: said.get("q") || "", open: place("open"), focus: place("focus"), hops: Number(said.get("hops")) || 1 };
  }

  /** Changes what is shown; `quietly` leaves no step to go back to. */
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

  // --- everything is shown from the state

  function show() {
    const every = new Set(model.nodes.keys());
    const within = state.focus >= 0 ? reachOf(model, [state.focus], state.hops) : null;
    const hits = state.q ? new Set([...hitsOf(model, state.q)].filter((place) => (within || every).has(place))) : null;
    for (const tab of tabs) {
      const chosen = tab === state.tab;
      find(tab).hidden = !chosen;
      find("tab-" + tab).setAttribute("aria-selected", String(chosen));
      find("tab-" + tab).setAttribute("tabindex", chosen ? "0" : "-1");
    }
    if (search.value !== state.q) search.value = state.q;
    find("count").textContent = hits ? hits.size.toLocaleString("en") + " of " + amount((within || every).size, "name") : "";
    document.body.classList.toggle("missed", hits?.size === 0);
    find("focus").hidden = state.focus < 0;
    find("focus-name").textContent = state.focus < 0 ? "" : model.nodes[state.focus].text;
    find("hops").value = state.hops;
    find("zoom").hidden = state.tab !== "map";
    side();
    if (state.tab === "map") map.paint({ open: state.open, hits, within });
    else tables(hits, within || every);
  }

  function side() {
    if (panel.dataset.shows === String(state.open)) return;
    panel.dataset.shows = state.open;
    panel.hidden = state.open < 0;
    panel.replaceChildren(...(state.open < 0 ? [] : panelOf(model, state.open)));
    panel.scrollTop = 0;
  }

  function tables(hits, every) {
    const wanted = JSON.stringify([state.q, state.focus, state.hops, order]);
    if (built[state.tab] !== wanted) {
      const parts = state.tab === "list" ? listOf(model, hits || every, order) : matrixOf(model, hits ? touchedBy(model, hits, every) : every);
      find(state.tab).replaceChildren(...parts);
      find(state.tab).scrollTop = 0;
      built[state.tab] = wanted;
    }
    for (const button of document.querySelectorAll("main [data-open]")) button.classList.toggle("is-open", Number(button.dataset.open) === state.open);
  }

  // --- what can be done

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
    const { head, place } = map.meantBy(element);
    if (head) go({ q: state.q === head + "#" ? "" : head + "#" });
    else if (place >= 0) open(place, element);
  }

  function sort(by) {
    order = { by, down: order.by === by ? !order.down : !["place", "kind"].includes(by) };
    show();
    document.querySelector(`[data-sort=${by}]`).focus();
  }

  function resize(factor) {
    map.resize(factor);
    show();
  }

  /** Enter in the search: what was found first. */
  function openFirst() {
    const [first] = state.q ? hitsOf(model, state.q) : [];
    if (first !== undefined && first !== state.open) open(first, search);
  }

  /** Escape: the last thing first. */
  function back(from) {
    if (from === search && state.q) go({ q: "" }, true);
    else if (state.open >= 0) close();
    else if (state.focus >= 0) go({ focus: -1, hops: 1 });
    else if (state.q) go({ q: "" }, true);
  }

  function focusOn(element) {
    const drawn = element.closest("[data-n]"), named = element.closest("[data-open]");
    const place = drawn ? map.meantBy(drawn).place : named ? Number(named.dataset.open) : state.open;
    if (place >= 0) go({ focus: place });
  }

  function move(event) {
    const from = event.target, tab = from.closest("[role=tab]");
    const step = /Right|Down/.test(event.key) ? 1 : tabs.length - 1;
    const to = tab ? find("tab-" + tabs[(tabs.indexOf(state.tab) + step) % tabs.length]) : from.matches("[data-n]") ? map.beside(from, event.key) : besideInTable(from, event.key);
    if (!to) return;
    event.preventDefault();
    if (tab) go({ tab: to.id.slice(4) });
    from.setAttribute("tabindex", "-1");
    to.setAttribute("tabindex", "0");
    to.focus();
    to.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  const buttons = {
    "[data-open]": (button) => open(Number(button.dataset.open), button),
    "[data-focus]": (button) => go({ focus: Number(button.dataset.focus) }),
    "[data-close]": close,
    "[data-sort]": (button) => sort(button.dataset.sort),
    "[data-n]": act,
    "[role=tab]": (button) => go({ tab: button.id.slice(4) }),
    "#unfocus": () => go({ focus: -1, hops: 1 }),
    "#smaller": () => resize(0.8),
    "#fit": () => resize(0),
    "#larger": () => resize(1.25),
  };

  document.addEventListener("click", ({ target }) => {
    const button = target.closest(Object.keys(buttons).join());
    if (button) buttons[Object.keys(buttons).find((each) => button.matches(each))](button);
  });

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "Escape") return back(target);
    if (target === search && key === "Enter") return openFirst();
    if (target.matches("input, select")) return;
    if (key === "f") return focusOn(target);
    if (key.startsWith("Arrow")) return move(event);
    const onMap = /^(Enter| )$/.test(key) && target.matches("[data-n]");
    if (!onMap && key !== "/") return;
    event.preventDefault();
    if (onMap) act(target);
    else search.select();
  });

  search.addEventListener("input", () => go({ q: search.value }, true));
  find("hops").addEventListener("change", ({ target }) => go({ hops: Number(target.value) }));
  addEventListener("hashchange", () => {
    if (JSON.stringify(read()) === JSON.stringify(state)) return;
    state = read();
    show();
  });
  addEventListener("resize", () => state.tab === "map" && show());
  addEventListener("beforeprint", () => document.querySelectorAll("main .more").forEach((more) => more.dispatchEvent(new Event("all"))));
  show();
})();
