"""The colours of a picture, light and dark, settled once for all formats.

Contrast on the page is at least 5.4 for lines and 12 for text. Publish and receive are blue and orange,
which colour-blind people tell apart; since the two are alike in lightness, arrow heads and line styles say
it too, never the colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colour:
    """One colour of the picture.

    Attributes:
        light: as `#RRGGBB`, on a white page.
        dark: as `#RRGGBB`, on a dark page.
    """

    light: str
    dark: str


PAGE = Colour("#FFFFFF", "#0D1117")
TEXT = Colour("#1B1F24", "#E6EDF3")
MUTED = Colour("#57606A", "#9198A1")
SERVICE_FILL = Colour("#E7F0FB", "#10263F")
SERVICE_LINE = Colour("#1F5FA8", "#6CB0F5")
TOPIC_FILL = Colour("#FFF6E0", "#2B2110")
TOPIC_LINE = Colour("#8A5A00", "#D9A441")
HEADER_FILL = Colour("#F6F1E4", "#1D1A14")
PUBLISH = Colour("#B3470B", "#F0883E")
RECEIVE = SERVICE_LINE
REFUSED = Colour("#B42318", "#FF7B72")
RETAINED = Colour("#6639BA", "#B392F0")
ADDED = Colour("#116B2E", "#3FB950")
ADDED_FILL = Colour("#DDF5E3", "#0F2E1A")
GONE = Colour("#BE123C", "#FF7B9C")
GONE_FILL = Colour("#FDE7EC", "#3A1420")
