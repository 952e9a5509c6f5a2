"""Figures of bars."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from qumulo_changelist.report_page.blocks import Figure, plotted
from qumulo_changelist.report_page.kinds import KIND_LOOKS, pattern

_LABELS = 12
"""The number of labels below bars that stand, at most."""
_LONG_LABELS = 8
"""The same for labels of five characters, which fit a phone."""
_ROW = 30
"""The height of a bar that lies, in pixels."""
_PALE = 0.4
"""How much of its colours a pale bar has."""


class Bar(Struct, frozen=True):
    """A bar that is made of kinds of change."""

    label: str
    """What stands below it; several lines, if it has line ends."""
    values: Mapping[str, int]
    """How long it is, by kind of change."""
    hover: str
    """The bar in words."""
    sign: str = ""
    """What stands above it; "" for nothing."""
    is_pale: bool = False


def lying_bars(
    figure: str, alt: str, names: Sequence[str], values: Sequence[int], words: Sequence[str]
) -> Figure:
    """Return bars beside their names, the first one at the top.

    Args:
        figure: the id of the figure.
        alt: what it shows.
        names: a short name for each bar.
        values: their lengths.
        words: the values in words.
    """
    return Figure(
        id=figure,
        alt=alt,
        traces=[
            {
                "type": "bar",
                "orientation": "h",
                "x": list(values),
                "y": [str(at) for at in range(len(names))],
                "text": [plotted(one) for one in words],
                "textposition": "outside",
                "cliponaxis": False,
                "hoverinfo": "none",
                "marker": {"color": KIND_LOOKS["changed"].colour},
            }
        ],
        layout={
            "bargap": 0.3,
            "margin": {"t": 4, "l": 8, "r": 76, "b": 4},
            "xaxis": {"visible": False, "fixedrange": True},
            "yaxis": {
                "type": "category",
                "autorange": "reversed",
                "fixedrange": True,
                "automargin": True,
                "ticks": "",
                "showgrid": False,
                "tickvals": [str(at) for at in range(len(names))],
                "ticktext": [f"{plotted(one)}  " for one in names],
            },
        },
        height=_ROW * len(names) + 16,
    )


def standing_bars(
    figure: str, alt: str, names: Sequence[str], values: Sequence[int], words: Sequence[str]
) -> Figure:
    """Return bars from the left to the right, such as for hours; see :func:`lying_bars`."""
    return Figure(
        id=figure,
        alt=alt,
        traces=[
            {
                "type": "bar",
                "x": [plotted(one) for one in names],
                "y": list(values),
                "hovertext": [
                    f"{plotted(name)}: {plotted(one)}"
                    for name, one in zip(names, words, strict=True)
                ],
                "hoverinfo": "text",
                "marker": {"color": KIND_LOOKS["changed"].colour},
            }
        ],
        layout=_standing_layout(names),
        height=220,
    )


def stacked_bars(figure: str, alt: str, bars: Sequence[Bar], kinds: Sequence[str]) -> Figure:
    """Return bars that are made of kinds of change, which lie one on the other.

    Args:
        figure: the id of the figure.
        alt: what it shows.
        bars: from the left to the right.
        kinds: those to draw, from below.
    """
    keys = [str(at) for at in range(len(bars))]
    traces = [
        {
            "type": "bar",
            "name": KIND_LOOKS[kind].name,
            "x": keys,
            "y": [one.values[kind] for one in bars],
            "hovertext": [plotted(one.hover) for one in bars],
            "hoverinfo": "text",
            "marker": {
                "color": KIND_LOOKS[kind].colour,
                "opacity": [_PALE if one.is_pale else 1 for one in bars],
                "pattern": pattern(KIND_LOOKS[kind].pattern, KIND_LOOKS[kind].colour),
            },
        }
        for kind in kinds
    ]
    signs = [
        {
            "x": key,
            "y": sum(one.values[kind] for kind in kinds),
            "text": plotted(one.sign),
            "showarrow": False,
            "yshift": 9,
        }
        for key, one in zip(keys, bars, strict=True)
        if one.sign
    ]
    layout = _standing_layout(keys, [one.label for one in bars])
    return Figure(
        id=figure,
        alt=alt,
        traces=traces,
        layout={"barmode": "stack", "annotations": signs, **layout},
        height=260,
    )


def _standing_layout(
    names: Sequence[str], labels: Sequence[str] | None = None
) -> dict[str, object]:
    """Return a layout that labels only some of many bars, the last one always.

    Args:
        names: of the bars, each only once.
        labels: what is shown instead.
    """
    every = -(-len(names) // (_LONG_LABELS if labels else _LABELS))
    chosen = range(len(names) - 1, -1, -every)
    return {
        "bargap": 0.25,
        "showlegend": False,
        "margin": {"t": 8, "l": 8, "r": 8, "b": 8},
        "xaxis": {
            "type": "category",
            "fixedrange": True,
            "automargin": True,
            "showgrid": False,
            "tickangle": 0,
            "tickvals": [plotted(names[at]) for at in chosen],
            "ticktext": [plotted((labels or names)[at]).replace("\n", "<br>") for at in chosen],
            "ticks": "",
        },
        "yaxis": {
            "fixedrange": True,
            "automargin": True,
            "rangemode": "tozero",
            "nticks": 5,
            "exponentformat": "SI",
            "ticksuffix": "B",
            "zeroline": False,
        },
    }
