"""Figures of bars."""

from collections.abc import Sequence

from qumulo_changelist.report_page.blocks import Figure, plotted
from qumulo_changelist.report_page.kinds import KIND_LOOKS, pattern

_LABELS = 12
"""The number of labels below bars that stand, at most."""
_ROW = 30
"""The height of a bar that lies, in pixels."""


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


def stacked_bars(
    figure: str,
    alt: str,
    names: Sequence[str],
    labels: Sequence[str],
    values: dict[str, list[int]],
    hovers: Sequence[str],
    without: Sequence[str],
) -> Figure:
    """Return a bar for each name, made of kinds of change that lie one on the other.

    Args:
        figure: the id of the figure.
        alt: what it shows.
        names: a name for each bar, each only once.
        labels: shorter names to show.
        values: the values of each bar by kind of change.
        hovers: each bar in words.
        without: the names of those that have no bar, and are marked as such.
    """
    traces = [
        {
            "type": "bar",
            "name": KIND_LOOKS[kind].name,
            "x": [plotted(one) for one in names],
            "y": numbers,
            "hovertext": [plotted(one) for one in hovers],
            "hoverinfo": "text",
            "marker": {
                "color": KIND_LOOKS[kind].colour,
                "pattern": pattern(KIND_LOOKS[kind].pattern, KIND_LOOKS[kind].colour),
            },
        }
        for kind, numbers in values.items()
    ]
    return Figure(
        id=figure,
        alt=alt,
        traces=traces,
        layout={
            "barmode": "stack",
            "annotations": [
                {"x": plotted(name), "y": 0, "text": "x", "showarrow": False, "yshift": 9}
                for name in without
            ],
            **_standing_layout(names, labels),
        },
        height=260,
    )


def _standing_layout(
    names: Sequence[str], labels: Sequence[str] | None = None
) -> dict[str, object]:
    """Return a layout that labels only some of many bars, the last one always."""
    every = -(-len(names) // _LABELS)
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
            "ticktext": [plotted((labels or names)[at]) for at in chosen],
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
