"""What is to be shown: a figure that comes from the results, and how large it may be."""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from bench.results import Results, ratio


class MissingError(Exception):
    """What a claim compares was not measured; the message says why."""


Measure = Callable[[Results], float]


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of the table."""

    what: str
    measure: Measure
    """Gets the figure; raises MissingError."""
    to_reach: float
    form: str
    """How a figure is written, such as ``{:.1f} s``."""
    at_least: bool = False
    """Whether more is better."""

    def row(self, results: Results) -> tuple[str, str, str, str]:
        """Return what is claimed, the figure, what it has to reach, and whether it does."""
        bound = "at least" if self.at_least else "at most"
        target = f"{bound} {self.form.format(self.to_reach)}"
        try:
            figure = self.measure(results)
        except MissingError as error:
            return self.what, f"not measured: {error}", target, ""
        reached = figure >= self.to_reach if self.at_least else figure <= self.to_reach
        return self.what, self.form.format(figure), target, "yes" if reached else "no"


def faster(scenario: str, way: str, than: str, times: float, what: str) -> Claim:
    """``way`` is so many times as fast as another."""

    def measure(results: Results) -> float:
        return ratio(_walls(results, scenario, than), _walls(results, scenario, way))

    return Claim(what, measure, times, "{:.2f} times as fast", at_least=True)


def within(scenario: str, way: str, of: str, times: float, what: str) -> Claim:
    """``way`` takes no more than so many times as long as another."""

    def measure(results: Results) -> float:
        return ratio(_walls(results, scenario, way), _walls(results, scenario, of))

    return Claim(what, measure, times, "{:.2f} times as long")


def processor(scenario: str, way: str, seconds: float, what: str) -> Claim:
    """All processes of ``way`` together take so little processor time."""

    def measure(results: Results) -> float:
        _walls(results, scenario, way)
        return statistics.median(results[scenario, way].processors)

    return Claim(what, measure, seconds, "{:.3f} s of processor time")


def rate(scenario: str, way: str, per_second: float, what: str, unit: str) -> Claim:
    """``way`` gets through so many entries of its list a second."""

    def measure(results: Results) -> float:
        seconds = statistics.median(_walls(results, scenario, way))
        return _known(results[scenario, way].entries, "entries were not counted") / seconds

    return Claim(what, measure, per_second, f"{{:,.0f}} {unit} a second", at_least=True)


def memory(scenario: str, way: str, megabytes: float, what: str) -> Claim:
    """All processes of ``way`` together hold no more than so much at once."""

    def measure(results: Results) -> float:
        _result(results, scenario, way)
        return _known(results[scenario, way].memory, "this system does not tell memory") / 1e6

    return Claim(what, measure, megabytes, "{:,.0f} MB")


def no_listings(scenario: str, way: str, what: str) -> Claim:
    """``way`` asks for no page of a directory."""

    def measure(results: Results) -> float:
        _result(results, scenario, way)
        return _known(results[scenario, way].listings, "the server does not tell requests")

    return Claim(what, measure, 0, "{:,.0f} listings")


def growth(smaller: tuple[str, int], larger: tuple[str, int], way: str, what: str) -> Claim:
    """The time of ``way`` grows no faster than n log n from one (scenario, size) to another."""
    (small, fewer), (large, more) = smaller, larger
    most = more * math.log(more) / (fewer * math.log(fewer))

    def measure(results: Results) -> float:
        took = statistics.median(_walls(results, large, way))
        return took / statistics.median(_walls(results, small, way))

    return Claim(what, measure, most, "{:.1f} times as long")


def _result(results: Results, scenario: str, way: str) -> None:
    found = results.get((scenario, way))
    if found is None:
        raise MissingError(f"{scenario}/{way} did not run")
    if found.failure:
        raise MissingError(f"{way} failed")


def _walls(results: Results, scenario: str, way: str) -> list[float]:
    _result(results, scenario, way)
    return results[scenario, way].walls


def _known(figure: float | None, otherwise: str) -> float:
    if figure is None:
        raise MissingError(otherwise)
    return figure
