"""LOG → graph, whatever LOG is: logs, a run, a recorder's store, a graph that was saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from copper.commands import saved_graph, trace_input, trace_runs
from copper.commands.recording import stored_graph
from tracer import garbage

if TYPE_CHECKING:
    import networkx as nx

    from copper.commands.trace_options import Chosen
    from tracer.graph import By


def traced(chosen: Chosen, by: By, store: Path | None) -> tuple[nx.MultiDiGraph[str], trace_input.Read | None]:
    """The graph of logs, of a store, or one that was saved; and how the lines of logs counted.

    Args:
        chosen: what is to be read; its `topics` are left to whoever asks.
        by: how clients are put into services.
        store: where runs are looked for.

    Raises:
        CopperError: it can't be read, or is empty, or no log.
    """
    from tracer.graph import Tally  # noqa: PLC0415  `--help` must be quick
    from tracer.windows import Run  # noqa: PLC0415

    if chosen.stored:
        return stored_graph(chosen.names, store, chosen.window, by=by), None
    if any(map(saved_graph.is_one, chosen.logs)):
        with garbage.kept():
            return saved_graph.load(chosen, by), None
    tally = Tally(chosen.window)
    with garbage.kept():
        done = trace_input.sum_up(chosen, tally)
        trace_input.refuse_useless(done, chosen)
        graph = tally.graph(done.counts, by=by, source=chosen.names)
    if isinstance(chosen.window, Run):
        graph.graph["actions"] = trace_runs.actions_of(chosen.window.run)
    return graph, done
