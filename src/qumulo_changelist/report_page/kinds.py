"""The kinds of change: their words, and how they look, also to those who see few colours."""

from msgspec import Struct


class KindLook(Struct, frozen=True):
    """How a kind of change is named and drawn."""

    name: str
    colour: str
    """From the palette by Okabe and Ito, "Color Universal Design", 2008."""
    pattern: str
    """What is drawn over the colour, in the words of the plotting library; "" for nothing."""


KIND_LOOKS = {
    "created": KindLook("created", "#009E73", ""),
    "modified": KindLook("modified", "#56B4E9", "/"),
    "changed": KindLook("created or modified", "#56B4E9", ""),
    "moved": KindLook("only moved", "#E69F00", "."),
    "deleted": KindLook("deleted", "#D55E00", "x"),
    "unreadable": KindLook("unreadable", "#CC79A7", "-"),
}


def pattern(shapes: str | list[str], colours: str | list[str]) -> dict[str, object]:
    """Return patterns over colours, in the words of the plotting library.

    Args:
        shapes: that of each part of a figure, or of all parts.
        colours: likewise.
    """
    return {
        "shape": shapes,
        # The library's own way to draw over a colour takes no list of colours.
        "fillmode": "replace",
        "bgcolor": colours,
        "fgcolor": "#000000",
        "fgopacity": 0.22,
        "solidity": 0.12,
        "size": 10,
    }
