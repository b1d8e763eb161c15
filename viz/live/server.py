"""The live map over HTTP: what may be asked, and how it is answered. Reads only; `guard` says who may ask.

    /                 the page; also /NAME.js, /NAME.css (`assets`)
    /map.json?SHOWN   {gen, seq, svg, title, summary, layout, notes, nodes, widths, states, new, counts}; with tidy=1
                      all is laid out anew, else nodes stay where they are
    /map.svg?SHOWN    the picture alone, its gen as ETag
    /events?SHOWN     Server-Sent Events: map, pulse, health, tail, problem (see below)
    /node?id=&SHOWN   facts of a service or topic        /topics?prefix=&after=&SHOWN   a level of the topic tree
    /search?q=&SHOWN  hits, the best first               /matrix?SHOWN    what its table shows (`formats.page`)
    /download.FORMAT?SHOWN   a file                      /runs            recorded runs
    /compare?to=RUN&SHOWN    what a run (no RUN: what goes on) does otherwise than what is shown

SHOWN is what `query` reads. An error is `{"error", "next_step"}` with a status of 400 (no question of ours) or 404 (it
is not there). Nodes and arrows are called by the numbers in the picture, `data-n` and `data-e` (`data-m` for the marks
of a matrix): `nodes` has the node ids (`service:NAME`, `topic:NAME`, `topics:PREFIX/` for a table's head) in the order
of their numbers, `widths` pairs of arrow and points, `states` pairs of node and `gone`, `new` the nodes that were not
there before.

Events, each with the id `GEN.SEQ.TOLD`, which a browser sends back when it comes again (or `after=` does):
    map      {gen, seq}: there is a new picture, fetch /map.json; the gen of a pulse is the one that it belongs to
    pulse    {gen, seq, d: [[arrow, messages, width or null]…], n: [[node, "here"|"gone"]…], counts: {messages, rate}}
    health   once a second {source, lines, events, unknown_lines, behind, quiet, last, over, words, advice}
    tail     with tail=FILTER (empty: all), {entries: [{number, at, event, client, topic…}…], left_out}
    problem  {what, next_step}: there is nothing to draw, such as a focus that is not there
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tracer.errors import CopperError
from tracer.views.comparing import compared
from tracer.windows import only
from viz.formats import FORMATS
from viz.formats.page import facts_of
from viz.live import comparing, facts, finding
from viz.live.assets import asset
from viz.live.drawing import viewed
from viz.live.graphs import Graph, Graphs
from viz.live.guard import LOOPBACK, Guard
from viz.live.maps import Map
from viz.live.query import Shown, parse, text
from viz.live.stream import PACE, VIEWERS, EndedError, Feed, Threads, Viewer, tail_filter
from viz.live.systems import Systems
from viz.picture import compose

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that nothing between takes the connection for dead."""
STUCK = 60.0
"""Seconds after which a viewer is given up that takes nothing of what it is sent."""
RETRY = 1000
"""Milliseconds after which a browser that was cut off asks again."""
_LOOK, _LOOKS = 0.02, 150
"""Seconds between two looks whether a run is read to its end, and how many: one that goes on has none."""
UNSEEN = 60.0
"""Seconds after which a recorded run is closed that nobody asks for."""

_OTHERS = {"tail", "after", "id", "prefix", "q", "tidy", "to", "token"}
_TYPES = {
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "drawio": "text/xml",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
}

Asking = Callable[["_Desk", Request], Awaitable[Response]]


class App:
    """The live map as an ASGI application.

    Args:
        systems: what can be shown.
        token: what a browser must know; empty: nothing.
        hosts: the names by which it may be asked; None: any.
    """

    def __init__(self, systems: Systems, token: str = "", hosts: frozenset[str] | None = LOOPBACK) -> None:
        self._desk = _Desk(systems)
        routes = [Route(path, self._answering(ask)) for path, ask in _ANSWERS.items()]
        routes += [Route("/events", _Events(self._desk)), Route("/", _page), Route("/{name}", _page)]
        self._app = Guard(Starlette(routes=routes), token, hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        await self._app(scope, receive, send)

    def end(self) -> None:
        """Tell all viewers that it is over; called on the event loop."""
        self._desk.end()

    def close(self) -> None:
        """Begin nothing more; called once the event loop has ended."""
        self._desk.threads.end()

    def _answering(self, ask: Asking) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return await ask(self._desk, request)
            except CopperError as error:
                return _error(error)

        return answer


class _NotThereError(CopperError):
    """What was asked for is not there, or not any more."""


def _error(error: CopperError) -> Response:
    said = {"error": f"{error.where}: {error.what}" if error.where else error.what, "next_step": error.next_step}
    return JSONResponse(said, 404 if isinstance(error, _NotThereError) else 400)


class _Desk:
    """What all answers share: the feeds of the systems that are looked at, and the threads."""

    def __init__(self, systems: Systems) -> None:
        self.systems = systems
        self.threads = Threads()
        self.ending = asyncio.Event()
        self._feeds: dict[tuple[str, int], Feed] = {}
        self._asked: dict[tuple[str, int], float] = {}

    def end(self) -> None:
        """No viewer is told anything more."""
        self.ending.set()
        for feed in self._feeds.values():
            feed.end()

    async def feed(self, shown: Shown) -> Feed:
        """Of the system that is meant.

        Raises:
            CopperError: there is none.
        """
        key = shown.run, shown.speed
        if key not in self._feeds:
            try:
                system = await self.threads.quick(self.systems.system, *key)
            except CopperError as error:
                raise _NotThereError(error.what, where=error.where, next_step=error.next_step) from error
            self._feeds.setdefault(key, Feed(system, self.threads, self.graphs_of))
        self._asked[key] = time.monotonic()
        await self._forget()
        return self._feeds[key]

    async def _forget(self) -> None:
        """Close the runs that nobody looks at; what goes on now stays."""
        late = time.monotonic() - UNSEEN
        for key in [key for key, feed in self._feeds.items() if key[0] and not feed.viewers and not feed.is_busy]:
            if self._asked[key] < late:
                await self._close(key)

    async def begin_anew(self, shown: Shown) -> None:
        """A run that was shown as it happened, to its end, and at which nobody looks, begins from its start."""
        key = shown.run, shown.speed
        feed = self._feeds.get(key)
        if feed is not None and shown.speed and not feed.viewers:
            health = await self.threads.quick(feed.system.health)
            # whoever waits for a map of it would get none
            if health.over and self._feeds.get(key) is feed and not feed.viewers and not feed.is_busy:
                await self._close(key)

    async def _close(self, key: tuple[str, int]) -> None:
        self._feeds.pop(key).end()
        await self.threads.quick(self.systems.close, *key)

    async def asked(self, request: Request) -> tuple[Feed, Shown]:
        """What is to be shown, and of which system."""
        shown = parse(request.query_params.multi_items(), _OTHERS)
        if shown.compare:
            await self._read(shown.compare)
        return await self.feed(shown), shown

    async def _read(self, run: str) -> None:
        """Open a run to compare with; it is read to its end first, or all would look new for a moment."""
        is_open = (run, 0) in self._feeds
        feed = await self.feed(Shown(run=run))
        for _ in range(0 if is_open else _LOOKS):
            if (await self.threads.quick(feed.system.health)).over:
                break
            await asyncio.sleep(_LOOK)

    def graphs_of(self, run: str) -> Graphs | None:
        """Of a run that is open."""
        feed = self._feeds.get((run, 0)) if run else None
        return feed.graphs if feed is not None else None

    async def map(self, request: Request) -> tuple[Feed, Map]:
        """The map that is asked for."""
        feed, shown = await self.asked(request)
        tidy = request.query_params.get("tidy") == "1"
        try:
            try:
                return feed, await feed.map(shown, tidy=tidy)
            except EndedError:  # a replay has begun anew meanwhile
                feed = await self.feed(shown)
                return feed, await feed.map(shown, tidy=tidy)
        except CopperError as error:
            raise _NotThereError(error.what, where=error.where, next_step=error.next_step) from error

    async def graph(self, request: Request) -> tuple[Feed, Shown, Graph]:
        """The graph that is asked for, whole but for what is excluded."""
        feed, shown = await self.asked(request)
        return feed, shown, await self.graph_of(shown)

    async def graph_of(self, shown: Shown, *, exact: bool = False) -> Graph:
        """The graph that is to be shown, whole but for what is excluded; with `exact` of now, not of a moment ago."""
        feed = await self.feed(shown)
        least = feed.graphs.number() if exact else None
        _, graph = await self.threads.asked(feed.graphs.graph, shown.span, least)
        return await self.threads.asked(only, graph, shown.topics) if shown.topics else graph


async def _page(request: Request) -> Response:
    """The page, or a file of it."""
    name = request.path_params.get("name", "live.html")
    data = asset(name)
    if data is None:
        return Response(f"there is no {name}\n", 404, media_type="text/plain")
    return Response(data, media_type=_TYPES[name.rpartition(".")[2]])


async def _map_svg(desk: _Desk, request: Request) -> Response:
    _, one = await desk.map(request)
    assert one.sheet is not None  # noqa: S101  a map that is handed out is drawn
    tag = f'"{one.sheet.gen}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(one.sheet.drawing.svg, media_type="image/svg+xml", headers={"ETag": tag})


async def _map_json(desk: _Desk, request: Request) -> Response:
    _, one = await desk.map(request)
    told = await desk.threads.quick(_told, one)
    return await _json(desk, lambda: told)


def _told(one: Map) -> dict[str, Any]:
    """All that a page needs of a map, of one moment."""
    sheet = one.sheet
    assert sheet is not None  # noqa: S101
    scene = sheet.drawing.scene
    return {
        "gen": sheet.gen,
        "seq": one.seq,
        "shown": text(one.shown),
        "svg": sheet.drawing.svg,
        "title": scene.title,
        "summary": scene.summary,
        "layout": scene.layout,
        "notes": scene.notes,
        "nodes": list(sheet.drawing.numbers),
        "widths": list(one.widths().items()),
        "states": list(one.states().items()),
        "new": sheet.new,
        "counts": {"messages": one.messages, "rate": round(one.rate, 2)},
    }


async def _node(desk: _Desk, request: Request) -> Response:
    node = _needed(request, "id")
    feed, one = await desk.map(request)
    _, graph = await desk.threads.asked(feed.graphs.graph, one.shown.span)
    _, minute = await desk.threads.asked(feed.graphs.graph, "minute")
    drawing = one.sheet.drawing if one.sheet else None
    try:
        return await _json(desk, partial(facts.facts, node, feed.system, graph, minute, drawing))
    except CopperError as error:
        raise _NotThereError(error.what, where=error.where) from error


async def _topics(desk: _Desk, request: Request) -> Response:
    feed, shown = await desk.asked(request)
    prefix, after = request.query_params.get("prefix"), request.query_params.get("after", "")

    def level() -> dict[str, Any]:
        messages = feed.graphs.messages(shown.span)
        if wanted := shown.topics:
            messages = {topic: count for topic, count in messages.items() if wanted.has(topic)}
        return finding.level(messages, prefix, after)

    return await _json(desk, level)


async def _search(desk: _Desk, request: Request) -> Response:
    wanted = _needed(request, "q")
    feed, shown = await desk.asked(request)
    _, graph = await desk.threads.asked(feed.graphs.graph, shown.span)
    try:
        sheet = (await feed.map(shown)).sheet
    except CopperError:
        sheet = None  # what is found can be looked at all the same
    return await _json(desk, partial(finding.search, graph, wanted, sheet.drawing if sheet else None))


async def _matrix(desk: _Desk, request: Request) -> Response:
    feed, shown = await desk.asked(request)
    _, graph = await desk.threads.asked(feed.graphs.graph, shown.span)
    before = desk.graphs_of(shown.compare)
    other = (await desk.threads.asked(before.graph, "all"))[1] if before else None
    view, _ = await desk.threads.slow(viewed, graph, shown, other)
    return await _json(desk, lambda: facts_of(view.drawn()))


async def _compare(desk: _Desk, request: Request) -> Response:
    _, shown, before = await desk.graph(request)
    other = Shown(include=shown.include, exclude=shown.exclude, run=request.query_params.get("to", ""))
    after = await desk.graph_of(other)
    return await _json(desk, partial(comparing.compared, before, after))


async def _runs(desk: _Desk, _: Request) -> Response:
    return await _json(desk, lambda: [vars(run) for run in desk.systems.runs()])


async def _download(desk: _Desk, request: Request) -> Response:
    name = request.path_params["format"]
    if name not in FORMATS:
        raise _NotThereError(f"no format {name!r}", next_step=f"there are {', '.join(FORMATS)}")
    _, shown = await desk.asked(request)
    graph = await desk.graph_of(shown, exact=True)
    if shown.compare:
        before = await desk.graph_of(replace(shown, run=shown.compare, span="all", speed=0))
        graph = (await desk.threads.slow(compared, before, graph)).graph
    picture = await desk.threads.slow(partial(compose, graph, name, layout=shown.layout, choice=shown.choice))
    stem = re.sub(r"[^A-Za-z0-9-]+", "-", PurePath(str(graph.graph.get("source") or "")).stem).strip("-") or "map"
    headers = {"Content-Disposition": f'attachment; filename="{stem}{FORMATS[name].suffix}"'}
    kind = _TYPES.get(name, "application/octet-stream")
    return Response(picture.data, media_type=kind, headers=headers)


async def _json(desk: _Desk, make: Callable[[], Any]) -> Response:
    """What is made and spelled in a thread."""
    data = await desk.threads.asked(lambda: json.dumps(make(), separators=(",", ":")).encode())
    return Response(data, media_type="application/json")


def _needed(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if not value:
        raise CopperError(f"{name}= is missing")
    return value


_ANSWERS: dict[str, Asking] = {
    "/map.svg": _map_svg,
    "/map.json": _map_json,
    "/node": _node,
    "/topics": _topics,
    "/search": _search,
    "/matrix": _matrix,
    "/compare": _compare,
    "/runs": _runs,
    "/download.{format}": _download,
}


class _Events:
    """`/events`: an answer that does not end. It is written by its own task, which waits while the viewer reads."""

    def __init__(self, desk: _Desk) -> None:
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            feed, viewer = await self._opened(request)
        except CopperError as error:
            await _error(error)(scope, receive, send)
            return
        if viewer is None:
            said = JSONResponse({"error": f"{VIEWERS} viewers look on already", "next_step": "try again later"}, 503)
            await said(scope, receive, send)
            return
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body"})
            return
        try:
            await feed.join(viewer)
            await _first_of(_write(viewer, send), _disconnected(receive), self._desk.ending.wait())
        except EndedError:
            pass  # the browser asks again
        finally:
            feed.leave(viewer)
        with suppress(asyncio.TimeoutError, OSError):
            await asyncio.wait_for(send({"type": "http.response.body"}), PACE)

    async def _opened(self, request: Request) -> tuple[Feed, Viewer | None]:
        """Who listens to what; no viewer where there are too many."""
        asked = request.query_params
        wants = tail_filter(asked["tail"]) if "tail" in asked else None
        stands = re.fullmatch(
            r"(\d{1,18})\.(\d{1,18})\.(\d{1,18})", request.headers.get("last-event-id") or asked.get("after", "")
        )
        if not stands:
            await self._desk.begin_anew(parse(asked.multi_items(), _OTHERS))
        feed, shown = await self._desk.asked(request)
        if len(feed.viewers) >= VIEWERS:
            return feed, None
        viewer = Viewer(shown, wants)
        if stands:
            viewer.gen, viewer.seq, viewer.told = map(int, stands.groups())
        return feed, viewer


async def _write(viewer: Viewer, send: Send) -> None:
    """Send what waits, for as long as somebody takes it."""
    words = f"retry: {RETRY}\n\n"
    while not viewer.is_over:
        body = {"type": "http.response.body", "body": words.encode(), "more_body": True}
        try:
            await asyncio.wait_for(send(body), STUCK)
        except (asyncio.TimeoutError, OSError):
            return
        await asyncio.sleep(PACE)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(viewer.ready.wait(), HEARTBEAT)
        words = viewer.take() or ": still here\n\n"


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _first_of(*waits: Coroutine[Any, Any, Any]) -> None:
    """Wait until one of them is over, and end the others."""
    tasks = [asyncio.ensure_future(one) for one in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
