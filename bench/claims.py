"""Claims about speed: a figure from the results, and the target that it has to reach."""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from bench.results import Result, Results, Way, ratio


class MissingError(Exception):
    """A figure that a claim needs was not measured; the message is the reason."""


Measure = Callable[[Results], float]


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of the table."""

    what: str
    measure: Measure
    """Returns the figure; raises MissingError."""
    target: float
    form: str
    """How a figure is written, such as ``{:.1f} s``."""
    at_least: bool = False
    """Whether more is better."""

    def row(self, results: Results) -> tuple[str, str, str, str]:
        """Return what is claimed, the figure, the target, and whether the figure reaches it."""
        bound = "at least" if self.at_least else "at most"
        target = f"{bound} {self.form.format(self.target)}"
        try:
            figure = self.measure(results)
        except MissingError as error:
            return self.what, f"not measured: {error}", target, ""
        is_reached = figure >= self.target if self.at_least else figure <= self.target
        return self.what, self.form.format(figure), target, "yes" if is_reached else "no"


def faster(scenario: str, way: Way, than: Way, times: float, what: str) -> Claim:
    """Claim that ``way`` is at least ``times`` times as fast as ``than``."""

    def measure(results: Results) -> float:
        return ratio(_walls(results, scenario, than), _walls(results, scenario, way))

    return Claim(what, measure, times, "{:.2f} times as fast", at_least=True)


def within(scenario: str, way: Way, of: Way, times: float, what: str) -> Claim:
    """Claim that ``way`` takes at most ``times`` times as long as ``of``."""

    def measure(results: Results) -> float:
        return ratio(_walls(results, scenario, way), _walls(results, scenario, of))

    return Claim(what, measure, times, "{:.2f} times as long")


def processor(scenario: str, way: Way, seconds: float, what: str) -> Claim:
    """Claim that all processes of ``way`` together take at most this processor time."""

    def measure(results: Results) -> float:
        return statistics.median(_result(results, scenario, way).processors)

    return Claim(what, measure, seconds, "{:.3f} s of processor time")


def rate(scenario: str, way: Way, per_second: float, what: str, unit: str) -> Claim:
    """Claim that ``way`` lists at least this number of entries a second."""

    def measure(results: Results) -> float:
        seconds = statistics.median(_walls(results, scenario, way))
        return _known(results[scenario, way].entries, "entries were not counted") / seconds

    return Claim(what, measure, per_second, f"{{:,.0f}} {unit} a second", at_least=True)


def memory(scenario: str, way: Way, megabytes: float, what: str) -> Claim:
    """Claim that all processes of ``way`` together need at most this memory at once."""

    def measure(results: Results) -> float:
        return (
            _known(_result(results, scenario, way).memory, "this system does not report memory")
            / 1e6
        )

    return Claim(what, measure, megabytes, "{:,.0f} MB")


def no_listings(scenario: str, way: Way, what: str) -> Claim:
    """Claim that ``way`` requests no page of a directory."""

    def measure(results: Results) -> float:
        return _known(
            _result(results, scenario, way).listings, "the server does not report requests"
        )

    return Claim(what, measure, 0, "{:,.0f} listings")


def growth(smaller: tuple[str, int], larger: tuple[str, int], way: Way, what: str) -> Claim:
    """Claim that the time of ``way`` grows no faster than n log n.

    Args:
        smaller: a scenario, and its size.
        larger: a scenario of a greater size.
        way: the way.
        what: the text of the row.
    """
    (small, fewer), (large, more) = smaller, larger
    maximum = more * math.log(more) / (fewer * math.log(fewer))

    def measure(results: Results) -> float:
        seconds = statistics.median(_walls(results, large, way))
        return seconds / statistics.median(_walls(results, small, way))

    return Claim(what, measure, maximum, "{:.1f} times as long")


def _result(results: Results, scenario: str, way: Way) -> Result:
    """Return the result of a way that worked."""
    result = results.get((scenario, way))
    if result is None:
        raise MissingError(f"{scenario}/{way} did not run")
    if result.skipped:
        raise MissingError(result.skipped)
    if result.failure:
        raise MissingError(f"{way} failed")
    return result


def _walls(results: Results, scenario: str, way: Way) -> list[float]:
    return _result(results, scenario, way).walls


def _known(figure: float | None, why_not: str) -> float:
    if figure is None:
        raise MissingError(why_not)
    return figure
