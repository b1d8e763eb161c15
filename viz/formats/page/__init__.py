"""What a page in the browser shows beside the picture: the graph as plain values, and the page's own files.

`model.js` answers questions (who is near, what matches), `parts.js` builds tables and the panel of one service or
topic, `page.js` joins them with the map, the keyboard and the address.
"""

from __future__ import annotations

from viz.formats.page.data import facts_of, nodes_of

__all__ = ["facts_of", "nodes_of"]
