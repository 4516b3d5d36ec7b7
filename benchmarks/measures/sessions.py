"""A million open sessions: whether looking one up costs more than among a thousand."""

from __future__ import annotations

import contextlib
from statistics import median

from benchmarks.crowd import PEOPLE, Crowd, gather
from benchmarks.measures import throughput
from benchmarks.stage import Stage
from benchmarks.subjects.subject import Subject, start

SESSIONS_EACH = 1000
(SLICE,) = (each for each in throughput.SLICES if each.key == "1k")


def measure(
    subject: Subject, stage: Stage, many: Crowd, *, rounds: int, seconds: int
) -> dict[str, float]:
    """CPU per request with the one and with the other number of sessions, turn by turn."""
    with contextlib.ExitStack() as ended:
        few_and_many = []
        for crowd in (stage.crowd, many):
            running = start(subject, stage, is_tls=True, crowd=crowd)
            ended.callback(running.end)
            few_and_many.append(running)
        costs = [
            [throughput.measure(each, SLICE, seconds=seconds)["cpu_us"] for each in few_and_many]
            for _ in range(rounds)
        ]
    return {
        "cpu_us_thousand": median(few for few, _ in costs),
        "cpu_us_million": median(many for _, many in costs),
        "ratio": median(many / few for few, many in costs),
    }


def million(stage: Stage) -> Crowd:
    """The same people, each with a thousand sessions."""
    return gather(stage.directory / "million", people=PEOPLE, sessions_each=SESSIONS_EACH)
