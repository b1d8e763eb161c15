"""The HTTP face of a service: `POST /SERVICE/ACTION` with JSON, by Starlette and Uvicorn (the extra `web`).

What comes in: functions with their parameters. What goes out: a server in a thread of its own. Errors are those of the
MQTT face, as JSON `{"error", "kind", "retryable"}` with a status that goes with their kind. Requests wait in a queue of
bounded length; past that the answer is 503 at once. What may be asked stands in `/openapi.json`; `/health` says whether
the service is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from copper import failures, wire
from copper.job import ActionError, CancelledError, Job, Publisher
from copper.parameters import Handler, Parameters
from copper.serving import listen, need_web, server

LARGEST = 10_000_000
"""Bytes of a request."""
STATUSES = {
    "bad_request": 400,
    "refused": 403,
    "not_found": 404,
    "too_large": 413,
    "failed": 422,
    "bad_archive": 422,
    "cancelled": 499,
    "network": 502,
    "busy": 503,
    "stopping": 503,
    "timeout": 504,
    "storage": 507,
}
"""HTTP's statuses by the kinds of our errors; all others are 500."""
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
RETRY_SECONDS = 1
START_SECONDS = 10.0
STOP_SECONDS = 3.0
LOOK_SECONDS = 0.1
"""How often we look whether whoever asked is still there."""


@dataclass
class Endpoint:
    """A function that answers requests.

    Attributes:
        path: `/SERVICE/ACTION`, as a rule.
        handler: what is called.
        parameters: what it takes.
        concurrency: how many requests are worked on at a time.
        queue: how many more may wait.
    """

    path: str
    handler: Handler
    parameters: Parameters
    concurrency: int
    queue: int
    _running: asyncio.Semaphore = field(init=False)
    _waiting: int = 0

    def __post_init__(self) -> None:
        self._running = asyncio.Semaphore(self.concurrency)

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn.

        Raises:
            ActionError: so many wait already that it would take too long.
        """
        if self._running.locked() and self._waiting >= self.queue:
            raise ActionError(f"{self._waiting} requests wait already", kind="busy", retryable=True)
        self._waiting += 1
        try:
            await self._running.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._running.release()


class Face:
    """The server.

    Args:
        name: the service's.
        endpoints: what it answers.
        publisher: who publishes what jobs say.
        host: where it listens.
        port: the same; 0 is one that is free.

    Raises:
        CopperError: the extra is not installed.
    """

    def __init__(self, name: str, endpoints: list[Endpoint], publisher: Publisher, host: str, port: int) -> None:
        need_web("its HTTP face", name)
        self._name = name
        self._endpoints = endpoints
        self._publisher = publisher
        self._host = host
        self._port = port
        self._server = server(self._app(), int(STOP_SECONDS))
        self._jobs: set[Job] = set()
        self._thread: threading.Thread | None = None

    def start(self) -> int:
        """Listen; the port.

        Raises:
            CopperError: nobody may listen there, or somebody does.
        """
        listening = listen(self._host, self._port, name=self._name, next_step="COPPER_HTTP_PORT names another port")
        port = int(listening.getsockname()[1])
        self._thread = threading.Thread(
            target=self._server.run, args=[[listening]], name=f"{self._name} http", daemon=True
        )
        self._thread.start()
        until = time.monotonic() + START_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        return port

    def stop(self) -> None:
        """Answer what is being worked on, and end."""
        for job in list(self._jobs):
            job.cancel(CancelledError(f"{self._name} stops", kind="stopping", retryable=True))
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_SECONDS + 1)

    def _app(self) -> Any:
        from starlette.applications import Starlette  # noqa: PLC0415
        from starlette.responses import JSONResponse  # noqa: PLC0415
        from starlette.routing import Route  # noqa: PLC0415

        async def openapi(_: Any) -> Any:
            return JSONResponse(self.openapi())

        async def health(_: Any) -> Any:
            return JSONResponse({"service": self._name, "status": "connected"})

        routes = [Route("/openapi.json", openapi), Route("/health", health)]
        routes += [Route(one.path, self._answering(one), methods=["POST"]) for one in self._endpoints]
        return Starlette(routes=routes)

    def openapi(self) -> dict[str, Any]:
        """What may be asked, as OpenAPI 3.1."""
        error = {"type": "object", "properties": {"error": {}, "kind": {"type": "string"}, "retryable": {}}}
        failed = {"description": "why not", "content": {"application/json": {"schema": error}}}
        paths = {
            one.path: {
                "post": {
                    "summary": one.parameters.text.split("\n")[0],
                    "operationId": one.handler.__name__,
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": one.parameters.schema}},
                    },
                    "responses": {
                        "200": {"description": "the answer", "content": {"application/json": {"schema": {}}}},
                        "default": failed,
                    },
                }
            }
            for one in self._endpoints
        }
        return {"openapi": "3.1.0", "info": {"title": self._name, "version": "1"}, "paths": paths}

    def _answering(self, one: Endpoint) -> Callable[[Any], Any]:
        from starlette.responses import Response  # noqa: PLC0415  an extra

        async def answer(request: Any) -> Any:
            try:
                self._refuse_strangers(request)
                entry = await _entry(request)
                async with one.turn():
                    value = await self._call(one, entry, request)
                return Response(wire.encode(value), media_type="application/json")
            except Exception as error:  # noqa: BLE001  whatever a handler raises is answered
                said = failures.said(error)
                status = STATUSES.get(said["kind"], 500)
                headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else None
                return Response(wire.encode(said), status, headers, media_type="application/json")

        return answer

    def _refuse_strangers(self, request: Any) -> None:
        """Whoever opened a page of somebody else's in a browser did not mean to ask us.

        Raises:
            ActionError: a browser asks for a page of another origin, or by a name that is not this machine's.
        """
        host = request.headers.get("host", "")
        asks = request.headers.get("origin")
        if asks is not None and urlsplit(asks).netloc != host:
            raise ActionError(f"pages of {asks} may not ask here", kind="refused")
        if self._host in LOOPBACK and urlsplit(f"//{host}").hostname not in LOOPBACK:
            raise ActionError(f"{host} is not a name of this machine", kind="refused")

    async def _call(self, one: Endpoint, entry: Any, request: Any) -> Any:
        from starlette.concurrency import run_in_threadpool  # noqa: PLC0415  an extra

        job = Job(self._publisher, f"{self._name}/{one.handler.__name__}", entry)
        given = one.parameters.arguments(job)
        self._jobs.add(job)
        if inspect.iscoroutinefunction(one.handler):
            work = asyncio.ensure_future(one.handler(**given))
            job.on_cancel(lambda: work.get_loop().call_soon_threadsafe(work.cancel))
        else:
            work = asyncio.ensure_future(run_in_threadpool(one.handler, **given))
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=LOOK_SECONDS)
                if not work.done() and await request.is_disconnected():
                    job.cancel()
            return work.result()
        except asyncio.CancelledError:
            job.check()
            raise
        finally:
            self._jobs.discard(job)


async def _entry(request: Any) -> Any:
    """The request's JSON.

    Raises:
        ActionError: it is too large, or none.
    """
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > LARGEST:
            raise ActionError(f"a request has at most {LARGEST:,} bytes", kind="too_large")
    try:
        return json.loads(data or b"{}")
    except (ValueError, RecursionError) as error:
        raise ActionError(f"the request is no JSON: {error}", kind="bad_request") from error
