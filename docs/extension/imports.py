"""Which part imports which, as a table: the same as the picture in ``design.md``."""

from docs import picture


def draw_matrix() -> str:
    """Return a table with a row for each part that imports others, and a column for each part.

    A dot stands for an import, a circle for one of ``interface.py`` alone. Each part imports only
    what comes after it, unless there is a circle.
    """
    arrows = picture.arrows(picture.read_modules())
    order = _from_the_top(set(arrows))
    lines = [
        "A dot: the part of this row imports the part of this column; a circle: only its "
        "`interface.py`.",
        "",
        f"| | {' | '.join(f'`{part}`' for part in order[1:])} |",
        f"| --- |{' :---: |' * (len(order) - 1)}",
    ]
    for part in (part for part in order if any(source == part for source, _ in arrows)):
        cells = ("" if (part, to) not in arrows else "○" if arrows[part, to] else "●"
                 for to in order[1:])  # fmt: skip
        lines.append(f"| `{part}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def _from_the_top(arrows: set[tuple[str, str]]) -> list[str]:
    """Return all parts, each before those that it imports."""
    left = {part for arrow in arrows for part in arrow}
    order: list[str] = []
    while left:
        known = {to for source, to in arrows if source in left}
        free = sorted(left - known) or sorted(left)
        order += free
        left -= set(free)
    return order
