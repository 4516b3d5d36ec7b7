"""
What was measured, and what follows from it.

A machine that others use is faster in one minute than in the next. So the subjects take turns
within a round, a ratio is made of two readings of the same round, and the figure that counts
is the median over the rounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

OTHERS = "others_share"
"""The figure that tells how much of its core a proxy did not get."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One subject, one slice of the programme, one round."""

    subject: str
    scheme: str
    slice: str
    round: int
    figures: Mapping[str, float]


@dataclass(slots=True)
class Readings:
    """All readings of a run."""

    all: list[Reading] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    """What was not measured, by name, and why."""

    def add(self, reading: Reading) -> None:
        """Keep one."""
        self.all.append(reading)

    def of(self, subject: str, scheme: str, part: str, figure: str) -> dict[int, float]:
        """That figure by round."""
        return {
            each.round: each.figures[figure]
            for each in self.all
            if (each.subject, each.scheme, each.slice) == (subject, scheme, part)
            and figure in each.figures
        }

    def middle(self, subject: str, scheme: str, part: str, figure: str) -> float | None:
        """The median over the rounds; None where it was not measured."""
        found = self.of(subject, scheme, part, figure)
        return median(found.values()) if found else None

    def ratio(
        self, subject: str, against: str, scheme: str, part: str, figure: str
    ) -> float | None:
        """The median of the ratios within each round; None where there is no such round."""
        ratios = list(self._pairs(subject, against, scheme, part, figure))
        return median(above / below for above, below in ratios) if ratios else None

    def difference(
        self, subject: str, against: str, scheme: str, part: str, figure: str
    ) -> float | None:
        """The median of the differences within each round."""
        pairs = list(self._pairs(subject, against, scheme, part, figure))
        return median(one - other for one, other in pairs) if pairs else None

    def _pairs(
        self, subject: str, against: str, scheme: str, part: str, figure: str
    ) -> Iterator[tuple[float, float]]:
        others = self.of(against, scheme, part, figure)
        for number, value in self.of(subject, scheme, part, figure).items():
            if others.get(number):
                yield value, others[number]

    def noise(self) -> float | None:
        """The share of the proxies' core that somebody else had: the median of all slices."""
        shares = [each.figures[OTHERS] for each in self.all if OTHERS in each.figures]
        return median(shares) if shares else None

    def subjects(self) -> Sequence[str]:
        """Who was measured at all, in the order of first appearance."""
        return list(dict.fromkeys(each.subject for each in self.all))
