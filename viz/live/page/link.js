// The line to the server: fetches the map, listens, and says how it goes. In: what is shown. Out: calls of `on`.
// A line that breaks comes back by itself and catches up, by the numbers of what came last.

const AGAIN = 1500; // ms until a line that the browser has given up is tried again

/** Asks the server; an answer that is an error is thrown as {what, next_step}, no answer at all as null. */
export async function ask(path, query) {
  let answer;
  try {
    answer = await fetch(path + "?" + query);
  } catch {
    throw null;
  }
  const told = await answer.json().catch(() => ({ error: "the server answered " + answer.status }));
  if (!answer.ok) throw { what: told.error, next_step: told.next_step || "" };
  return told;
}

/** Why the server does not take a question, as {what, next_step}; null where it does, or is not there. */
async function refusal(address) {
  const given = new AbortController();
  try {
    const answer = await fetch(address, { signal: given.signal });
    if (answer.ok) return given.abort(), null;
    const told = await answer.json();
    return { what: told.error, next_step: told.next_step || "" };
  } catch {
    return null;
  }
}

/** A line; `on` has map, pulse, health, tail, problem, refused (the tail's filter, or null) and state (`live`, `paused`, `lost`, `refused`). */
export function lineTo(on) {
  let shown = null, tail = null, source = null, timer = 0, isPaused = false;
  let gen = 0, seq = 0, told = 0, early = [], asked = 0, isAsking = false, isFirst = true;
  let refused = null, isRefused = false;

  /** Shows another part, or listens to another tail. */
  async function look(nextShown, nextTail) {
    const isOther = nextShown !== shown, isOtherTail = nextTail !== tail;
    if (!isOther && !isOtherTail) return;
    [shown, tail] = [nextShown, nextTail];
    if (isOtherTail || isOther) told = 0;
    if (isOtherTail) on.refused((refused = null));
    close();
    if (isOther) {
      gen = seq = 0;
      isFirst = true;
      await bring();
    }
    if (!isPaused) listen();
  }

  /** Fetches the map, laid out anew if wanted; the newest wish wins. */
  async function bring(tidy = false) {
    const wish = (asked += 1);
    isAsking = true;
    try {
      const map = await ask("map.json", shown + (tidy ? "&tidy=1" : ""));
      if (wish !== asked) return;
      [gen, seq] = [map.gen, map.seq];
      on.map(map);
      for (const pulse of early) if (pulse.gen === gen && pulse.seq > map.seq) passed(pulse);
      early = [];
    } catch (problem) {
      if (problem instanceof Error) throw problem;
      if (wish !== asked) return;
      if (problem) on.problem(problem);
      // nobody answered: the line may last, and would not tell again that there is another map
      else setTimeout(() => wish === asked && bring(tidy), AGAIN);
    } finally {
      if (wish === asked) isAsking = false;
    }
  }

  function passed(pulse) {
    seq = pulse.seq;
    on.pulse(pulse);
  }

  /** Listens on from what came last; from the start of a replay where there is none yet. */
  function listen() {
    close();
    const query = new URLSearchParams(shown);
    if (!isFirst || !query.has("speed")) query.set("after", [gen, seq, told].join("."));
    isFirst = false;
    if (tail !== null && tail !== refused) query.set("tail", tail);
    const mine = (source = new EventSource("events?" + query));
    const hear = (name, act) => mine.addEventListener(name, (event) => mine === source && act(JSON.parse(event.data)));
    mine.onopen = () => {
      on.state("live");
      if (isRefused) on.problem(null);
      isRefused = false;
    };
    mine.onerror = async () => {
      const isGivenUp = mine.readyState === EventSource.CLOSED;
      const why = isGivenUp && mine === source ? await refusal("events?" + query) : null;
      if (mine !== source) return;
      if (why?.what.startsWith("tail=")) {
        refused = tail;
        on.refused(why);
        return listen();
      }
      isRefused = Boolean(why);
      if (why) on.problem(why);
      on.state(why ? "refused" : "lost");
      if (!isGivenUp) return;
      clearTimeout(timer);
      timer = setTimeout(listen, AGAIN);
    };
    hear("map", (map) => map.gen !== gen && bring());
    hear("pulse", (pulse) => {
      if (pulse.gen === gen && !isAsking) passed(pulse);
      else early = [...early.slice(-50), pulse];
    });
    hear("health", on.health);
    hear("tail", (entries) => {
      told = entries.entries.at(-1)?.number ?? told;
      on.tail(entries);
    });
    hear("problem", on.problem);
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  function pause(wanted) {
    isPaused = wanted;
    close();
    if (!wanted) return listen();
    on.state("paused");
  }

  /** Begins a replay from its start. */
  function again() {
    isFirst = true;
    listen();
  }

  return { look, bring, pause, again, isPaused: () => isPaused };
}
