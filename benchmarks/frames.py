"""How many frames a second a browser without a GPU shows of systems of some size, while they work and while moved.

The live map, as it is and with all topics drawn (`fold=off`), beside cytoscape.js and sigma.js with the same nodes and
edges at places that are given. One topic in a hundred changes ten times a second.
"""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as BrowserError

from benchmarks.logs import FOLDER
from benchmarks.served import frames, served
from benchmarks.table import show
from docs import traffic
from docs.systems import Member, Says, System
from tests.browser import opened, running

SIZES = (500, 5_000, 20_000)
SECONDS = 4.0
SETTLE = 2.0
PATIENCE = 120_000
"""Milliseconds until a picture that is not there is given up."""
TICK, SHARE = 0.1, 100
TOPICS_OF_ONE, HEARD_BY_ONE = 20, 100
"""Topics that a client publishes, and those that one subscribes to."""
VIEWPORT = {"width": 1280, "height": 800}

PACKAGES = {
    "cytoscape": ("3.34.4", "dist/cytoscape.min.js"),
    "graphology": ("0.26.0", "dist/graphology.umd.min.js"),
    "sigma": ("4.0.4", "dist/sigma.min.js"),
}
"""From npm, for this alone: kept beside the logs."""

Moved = tuple[str, str, str]
"""Seconds until it is shown; frames a second while it works, and while it is moved."""


def live_frames() -> None:
    """Rows: what draws; columns: how large the system is."""
    rows: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder, running() as browser:
        for topics in SIZES:
            for name, measure in _CONTESTANTS.items():
                try:
                    cells = measure(browser, topics, Path(folder))
                except BrowserError as error:
                    print(f"{name}, {topics:,} topics: {str(error).splitlines()[0]}")
                    cells = ("-", "-", "-")
                rows.setdefault(name, []).extend(cells)
    head = [word for topics in SIZES for word in (f"{topics:,} topics: shown after, s", "fps, looked at", "fps, moved")]
    show(("1 topic in 100 changes 10 times a second", *head), [(name, *cells) for name, cells in rows.items()])


# -- the live map ---------------------------------------------------------------------------------------------

_PAN = """{
    const step = (frame >> 6) & 1 ? -14 : 14;
    document.getElementById("map").scrollBy({ left: step / 2, top: step, behavior: "instant" });
}"""


def _ours(query: dict[str, str], *, size: int = 0) -> Callable[[Browser, int, Path], Moved]:
    """The page as it shows a query; enlarged by so many steps, so that there is something to be moved."""

    def measure(browser: Browser, topics: int, folder: Path) -> Moved:
        log = folder / f"{topics}.log"
        lines = list(traffic.log_of(_system(topics), seconds=1))
        log.write_text("".join(lines), encoding="utf-8")
        with served(log) as (address, _), _written(log, lines), opened(browser, "about:blank", viewport=VIEWPORT) as at:
            page = at.page
            began = time.monotonic()
            page.goto(f"{address}?{urlencode(query)}")
            whole = page.locator("#summary", has_text=f"{topics:,} topics")
            whole.wait_for(timeout=PATIENCE, state="attached")
            shown = time.monotonic() - began
            for _ in range(size):
                page.keyboard.press("+")
            page.wait_for_timeout(SETTLE * 1000)
            return _cells(shown, frames(page, SECONDS), frames(page, SECONDS, _PAN))

    return measure


@contextmanager
def _written(log: Path, lines: list[str]) -> Iterator[None]:
    """One topic in a hundred gets a message ten times a second, as long as the block lasts."""
    messages: list[list[str]] = []
    for line in lines:
        _, _, text = line.partition(":")
        if text.startswith(" Received PUBLISH"):
            messages.append([])
        if messages:
            messages[-1].append(text)
    ended = threading.Event()

    def write() -> None:
        share, place = max(1, len(messages) // SHARE), 0
        with log.open("a", encoding="utf-8") as out:
            while not ended.wait(TICK):
                now = int(time.time())
                for number in range(place, place + share):
                    out.writelines(f"{now}:{text}" for text in messages[number * 7 % len(messages)])
                out.flush()
                place += share

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _system(topics: int) -> System:
    """Clients that publish on 20 topics each, and some that subscribe to 100 each."""
    clients = topics // TOPICS_OF_ONE
    halls = max(1, topics // HEARD_BY_ONE)
    publishers = [
        Member(
            f"device-{client:04}",
            tuple(
                Says(f"hall{client % halls:03}/device-{client:04}/value{one:02}", 0.0) for one in range(TOPICS_OF_ONE)
            ),
        )
        for client in range(clients)
    ]
    readers = [Member(f"reader-{hall:03}", hears=(f"hall{hall:03}/#",)) for hall in range(halls)]
    return System(f"{topics}", (*readers, *publishers), 1)


# -- the libraries --------------------------------------------------------------------------------------------

_CYTOSCAPE = """(data) => {
    document.body.innerHTML = '<div id="g" style="position:fixed;inset:0"></div>';
    const cy = window.cy = cytoscape({
        container: document.getElementById("g"),
        elements: [
            ...data.nodes.map(([id, x, y]) => ({ data: { id }, position: { x, y } })),
            ...data.edges.map(([source, target], one) => ({ data: { id: "e" + one, source, target } })),
        ],
        layout: { name: "preset", fit: false },
        style: [
            {
                selector: "node",
                style: { shape: "rectangle", width: 120, height: 12, label: "data(id)", "font-size": 9 },
            },
            { selector: "edge", style: { width: 1, "curve-style": "straight", "line-color": "#369" } },
            { selector: ".passes", style: { width: 3, "line-color": "#c30" } },
        ],
        hideEdgesOnViewport: false, textureOnViewport: false, pixelRatio: 1,
    });
    const edges = cy.edges();
    let place = 0, lit = cy.collection();
    setInterval(() => cy.batch(() => {
        lit.removeClass("passes");
        const share = Math.max(1, Math.round(data.nodes.length / 100));
        lit = edges.slice(place, place + share);
        lit.addClass("passes");
        place = (place + share) % (edges.length - share);
    }), 100);
}"""
_SIGMA = """(data) => {
    document.body.innerHTML = '<div id="g" style="position:fixed;inset:0"></div>';
    const graph = new graphology.MultiDirectedGraph();
    for (const [id, x, y] of data.nodes) graph.addNode(id, { x, y: -y, size: 3, label: id, color: "#a80" });
    const plain = { size: 1, color: "#369" };
    data.edges.forEach(([source, target], one) => graph.addEdgeWithKey("e" + one, source, target, { ...plain }));
    const make = Sigma.Sigma ?? Sigma.default ?? Sigma;
    const view = window.view = new make(graph, document.getElementById("g"));
    const edges = graph.edges();
    view.getCamera().setState({ ratio: Math.min(1, 800 / Math.max(...data.nodes.map((node) => node[2]))) });
    let place = 0, lit = [];
    setInterval(() => {
        for (const one of lit) graph.mergeEdgeAttributes(one, plain);
        const share = Math.max(1, Math.round(data.nodes.length / 100));
        lit = edges.slice(place, place + share);
        for (const one of lit) graph.mergeEdgeAttributes(one, { size: 3, color: "#c30" });
        place = (place + share) % (edges.length - share);
    }, 100);
}"""
_PAN_CYTOSCAPE = "cy.panBy({ x: 0, y: (frame >> 6) & 1 ? 14 : -14 })"
_PAN_SIGMA = """{
    const camera = view.getCamera(), { y, ratio } = camera.getState();
    camera.setState({ y: y + ((frame >> 6) & 1 ? 0.02 : -0.02) * ratio });
}"""


def _library(names: tuple[str, ...], script: str, pan: str) -> Callable[[Browser, int, Path], Moved]:
    def measure(browser: Browser, topics: int, _: Path) -> Moved:
        data = _placed(topics)
        with opened(browser, "about:blank", viewport=VIEWPORT) as at:
            page = at.page
            for name in names:
                page.add_script_tag(content=_fetched(name))
            began = time.monotonic()
            page.evaluate(script, data)
            _next_frame(page)
            shown = time.monotonic() - began
            page.wait_for_timeout(SETTLE * 1000)
            return _cells(shown, frames(page, SECONDS), frames(page, SECONDS, pan))

    return measure


def _next_frame(page: Page) -> None:
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def _placed(topics: int) -> dict[str, list[list[object]]]:
    """Publishers, topics and subscribers in three columns, as `columns` has them."""
    nodes: list[list[object]] = []
    edges: list[list[object]] = []
    graph = traffic.graph_of(_system(topics), seconds=1)
    columns: dict[int, int] = {}
    for node, each in graph.nodes(data=True):
        column = 1 if each["kind"] == "topic" else 0 if "device" in node else 2
        columns[column] = columns.get(column, 0) + 1
        spread = {0: TOPICS_OF_ONE, 1: 1, 2: HEARD_BY_ONE}[column]
        nodes.append([node, 100 + 500 * column, 16 * spread * columns[column]])
    edges += [[source, target] for source, target, key in graph.edges(keys=True) if key in ("publish", "subscribe")]
    return {"nodes": nodes, "edges": edges}


def _fetched(name: str) -> str:
    """A package's file."""
    version, path = PACKAGES[name]
    kept = FOLDER / f"{name}-{version}.js"
    if not kept.exists():
        FOLDER.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                ["npm", "pack", "--silent", "--pack-destination", folder, f"{name}@{version}"],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            with tarfile.open(next(Path(folder).glob("*.tgz"))) as package:
                file = package.extractfile(f"package/{path}")
                assert file is not None
                kept.write_bytes(file.read())
    return kept.read_text(encoding="utf-8")


def _cells(shown: float, looked: float, moved: float) -> Moved:
    return f"{shown:.1f}", f"{looked:.0f}", f"{moved:.0f}"


_CONTESTANTS = {
    "live map": _ours({}, size=6),
    "live map, all drawn": _ours({"fold": "off", "top": "100000"}),
    "cytoscape.js 3.34": _library(("cytoscape",), _CYTOSCAPE, _PAN_CYTOSCAPE),
    "sigma.js 4.0": _library(("graphology", "sigma"), _SIGMA, _PAN_SIGMA),
}
