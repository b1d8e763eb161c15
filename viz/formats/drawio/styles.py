"""How each kind of cell looks, in the editor's own words.

No style has `html=1` or wraps its text: labels are plain text then, whatever a client called itself.
"""

from __future__ import annotations

from viz import palette
from viz.formats.drawio.cells import spelled_style, styled
from viz.scene import BEHIND, Arrow, Change, Kind, Role, Sample

_MONO = f"fontFamily=Courier New;fontSize=11;fontColor={palette.TEXT.light};align=left;"
_SERVICE = (
    f"fillColor={palette.SERVICE_FILL.light};strokeColor={palette.SERVICE_LINE.light};"
    f"strokeWidth=1.8;fontColor={palette.TEXT.light};fontStyle=1;fontSize=12;"
)
SERVICE = f"rounded=1;arcSize=8;{_SERVICE}"
_DEEP = 1.5 * BEHIND
SERVICES = f"shape=mxgraph.basic.layered_rect;dx={_DEEP:g};spacingRight={_DEEP:g};spacingBottom={_DEEP:g};{_SERVICE}"
"""Of a box that stands for several."""
TABLE = (
    "swimlane;childLayout=stackLayout;horizontal=1;horizontalStack=0;resizeParent=1;resizeParentMax=0;resizeLast=0;"
    f"collapsible=1;marginBottom=0;rounded=1;arcSize=4;fontStyle=1;spacingLeft=22;startSize={{top:g}};"
    f"fillColor={palette.HEADER_FILL.light};swimlaneFillColor={palette.TOPIC_FILL.light};"
    f"strokeColor={palette.TOPIC_LINE.light};{_MONO}"
)
_BOUND = "points=[[0,0.5],[1,0.5]];portConstraint=eastwest;"
"""Lines end at the middle of a row's left or right side."""
ROW = (
    "text;strokeColor=none;fillColor=none;verticalAlign=middle;spacingLeft=12;overflow=hidden;rotatable=0;"
    f"{_BOUND}{_MONO}"
)
ALONE = (
    f"rounded=1;arcSize=25;fillColor={palette.TOPIC_FILL.light};strokeColor={palette.TOPIC_LINE.light};"
    f"spacingLeft=6;{_BOUND}{_MONO}"
)
BAND = f"strokeColor=none;verticalAlign=middle;spacingLeft=12;{_MONO}"
"""A row of a matrix."""
QUIET = f"fontStyle=2;fontColor={palette.MUTED.light};"

COLOURS: dict[Kind, palette.Colour] = {
    "publish": palette.PUBLISH,
    "receive": palette.RECEIVE,
    "deny": palette.REFUSED,
    "deliver": palette.RECEIVE,
}
DIRECT = "edgeStyle=entityRelationEdgeStyle;segment=25;"
"""A line that the editor leads from side to side."""
WAY = ("edgeStyle", "segment", "curved", "exitX", "exitY", "exitDx", "exitDy", "entryX", "entryY", "entryDx", "entryDy")
"""The keys that say which way a line takes; they go together with its points."""
CHANGES: dict[Change, tuple[palette.Colour, palette.Colour]] = {
    "added": (palette.ADDED, palette.ADDED_FILL),
    "gone": (palette.GONE, palette.GONE_FILL),
}
"""Line and filling of what is new or gone in a comparison."""
_DASHES: dict[str, str] = {"partly": "7 3 1.5 3", "inferred": "1.5 4", "part": "6 3", "gone": "4 3"}
"""As the other formats have them; `part` is not the whole of a group or a template."""
_HEAD = "endArrow=block;endSize=4;endFill=1;"
_HEADS: dict[Kind, str] = {"deny": "endArrow=cross;endSize=8;endFill=1;"}
_ORDER = f"fontStyle=1;fontSize=10;fontColor={palette.PAGE.light};labelBackgroundColor={palette.PUBLISH.light};"

_ROLES: dict[Role, str] = {
    "title": f"fontSize=15;fontStyle=1;fontColor={palette.TEXT.light};",
    "step": f"fontSize=12;fontColor={palette.TEXT.light};",
}
_MUTED = f"fontSize=12;fontColor={palette.MUTED.light};"


def shape(change: Change) -> str:
    """What is added to the style of a box or row that is new or gone; nothing else."""
    if not change:
        return ""
    colour, fill = CHANGES[change]
    drawn = f"strokeColor={colour.light};fontColor={colour.light};fillColor={fill.light};"
    return drawn + _broken(change)


def line(arrow: Arrow) -> str:
    """A connector, without the way that it takes."""
    colour = (CHANGES[arrow.change][0] if arrow.change else COLOURS[arrow.kind]).light
    style = f"curved=1;{_HEADS.get(arrow.kind, _HEAD)}"
    style += f"strokeColor={colour};fontColor={colour};strokeWidth={arrow.width:.1f};"
    broken = arrow.style if arrow.style in _DASHES or arrow.whole else "part"
    style += _broken("gone" if arrow.change == "gone" else broken)
    style += "opacity=40;" if arrow.style == "idle" and not arrow.change else ""
    if arrow.order:
        return style + _ORDER
    if arrow.change:
        style += "fontStyle=1;fontSize=14;"
    return style + (f"labelBackgroundColor={palette.PAGE.light};" if arrow.label or arrow.change else "")


def sample(what: Sample) -> str:
    """What stands for it in the legend."""
    if what == "group":
        return spelled_style({**styled(SERVICES), "dx": "5", "strokeWidth": "1"})
    if what == "order":
        return f"rounded=1;arcSize=50;strokeColor=none;fillColor={palette.PUBLISH.light};{_ORDER}"
    for change, (colour, _) in CHANGES.items():
        if what == change:
            words = f"fontColor={colour.light};fontStyle=1;fontSize=14;labelBackgroundColor={palette.PAGE.light};"
            return f"line;strokeWidth=2;strokeColor={colour.light};{words}{_broken(change)}"
    kind: Kind = what if what in {"publish", "deny"} else "receive"
    pale = "opacity=40;" if what == "idle" else ""
    wide = 4 if what == "width" else 2
    return f"line;strokeWidth={wide};strokeColor={COLOURS[kind].light};{_broken(what)}{pale}"


def words(role: Role = "legend", *, standing: bool = True) -> str:
    """A text on the page, that stands on a line or has its middle there."""
    return f"text;align=left;verticalAlign={'bottom' if standing else 'middle'};{_ROLES.get(role, _MUTED)}"


def _broken(what: str) -> str:
    """`fixDash`: dashes do not grow with the width of a line."""
    return f"dashed=1;fixDash=1;dashPattern={_DASHES[what]};" if what in _DASHES else ""
