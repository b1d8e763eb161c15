"""What a page in the browser shows beside the picture: the graph as plain values, and the page's own files.

`model.js` answers questions (who is near, what matches), `parts.js` builds the panel of one service or topic,
`tables.js` the matrix and the numbers, `map.js` makes the picture something to act on, and `page.js` joins them with
the keyboard and the address.
"""

from __future__ import annotations

from viz.formats.page.data import facts_of, nodes_of
from viz.formats.page.look import style

__all__ = ["facts_of", "nodes_of", "style"]
