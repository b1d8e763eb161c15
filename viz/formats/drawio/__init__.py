"""drawio: a diagram that people go on editing, in draw.io, diagrams.net or its plugins.

In: a scene, and the file that is there already. Out: uncompressed XML of real shapes: tables are swimlanes with
a cell for each row, lines are connectors bound to services and rows, on layers that can be switched off. Each
cell's id is made from its name alone, so the same service has the same id in every file, and rows keep their
lines when things move. No time and no program version is written: the same scene gives the same bytes.

`write` makes a page of cells from a scene, `read` one from a file, `cells` is what both speak of. `merge` puts
what a person did to a file into a new one; `places` finds room there for what is new.
"""

from viz.formats.drawio.merge import merge
from viz.formats.drawio.write import render

__all__ = ["merge", "render"]
