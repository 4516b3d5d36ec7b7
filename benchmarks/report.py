"""A run as tables for people and as JSON for whoever compares runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.goals import Verdict, judge
from benchmarks.programme import NAMES
from benchmarks.readings import OTHERS, Reading, Readings

NGINX, NGINX_AUTH, CADDY_AUTH = "nginx", "nginx-auth", "caddy-auth"

NOISE_LIMIT = 0.1
"""Of the proxies' core taken by others: beyond it, even ratios are to be taken again."""

Row = Sequence[str]
SCHEMES = {"http": "plain", "https": "TLS"}
RATES = ("1k", "1k-one", "latency")
BODIES = ("100k", "100m")


def tables(readings: Readings, names: Mapping[str, str]) -> str:
    """Everything as Markdown: goals first, then a table for each slice."""
    parts = [_section("Goals", _goal_rows(judge(readings), names)), *_doubt(readings)]
    for scheme, said in SCHEMES.items():
        for part, title in NAMES.items():
            rows = list(_rows(readings, names, scheme, part))
            if len(rows) > 1:
                parts.append(_section(f"{title}, {said}", rows))
    if readings.left_out:
        left_out = "\n".join(f"- {what}: {why}" for what, why in readings.left_out.items())
        parts.append(f"### Left out\n\n{left_out}\n")
    return "\n".join(parts)


def _doubt(readings: Readings) -> Iterator[str]:
    noise = readings.noise()
    if noise is not None and noise > NOISE_LIMIT:
        yield f"**In doubt:** others had {noise:.0%} of the proxies' core while they ran.\n"


def _goal_rows(verdicts: Sequence[Verdict], names: Mapping[str, str]) -> list[Row]:
    rows: list[Row] = [("goal", "wanted", "by", "measured", "")]
    for each in verdicts:
        goal = each.goal
        rows.append(
            (
                goal.name,
                f"{goal.kind} {goal.limit:g} {goal.unit}",
                names.get(each.subject, each.subject),
                f"{each.value:.2f} {goal.unit}",
                f"**{each.words}**" if not each.is_met else each.words,
            )
        )
    return rows


def _rows(readings: Readings, names: Mapping[str, str], scheme: str, part: str) -> Iterator[Row]:
    columns = _columns(part)
    yield ("", *columns)
    for subject in readings.subjects():
        cells = [
            _cell(readings, subject, scheme, part, figure, shape)
            for figure, shape in columns.values()
        ]
        if any(cells):
            yield (names.get(subject, subject), *cells)


Columns = Mapping[str, tuple[str, str]]
"""Heading → the figure (`a/b`: of a, against b in the same round) and its format."""


def _columns(part: str) -> Columns:
    if part in RATES:
        return {
            "requests/s": ("requests_per_s", ",.0f"),
            "× nginx": (f"requests_per_s/{NGINX}", ".2f"),
            "× auth_request": (f"requests_per_s/{NGINX_AUTH}", ".2f"),
            "× forward_auth": (f"requests_per_s/{CADDY_AUTH}", ".1f"),
            "p50 ms": ("p50_ms", ".2f"),
            "p99 ms": ("p99_ms", ".1f"),
            "CPU µs": ("cpu_us", ".0f"),
            "CPU × nginx": (f"cpu_us/{NGINX}", ".2f"),
            "core used": ("cpu_share", ".0%"),
            "by others": (OTHERS, ".0%"),
        }
    if part in BODIES:
        return {
            "MB/s": ("mb_per_s", ",.0f"),
            "× nginx": (f"mb_per_s/{NGINX}", ".2f"),
            "CPU s/GB": ("cpu_s_per_gb", ".2f"),
            "CPU × nginx": (f"cpu_s_per_gb/{NGINX}", ".2f"),
            "core used": ("cpu_share", ".0%"),
        }
    return {
        "handshake": {
            "CPU µs": ("cpu_us", ",.0f"),
            "CPU × nginx": (f"cpu_us/{NGINX}", ".2f"),
            "handshakes/s, one client": ("handshakes_per_s", ",.0f"),
        },
        "websocket": {
            "messages/s": ("messages_per_s", ",.0f"),
            "CPU µs": ("cpu_us", ".1f"),
            "CPU × nginx": (f"cpu_us/{NGINX}", ".2f"),
        },
        "idle": {"connections": ("connections", ",.0f"), "KiB each": ("kib_each", ".1f")},
        "bodies": {"memory grows by MiB": ("growth_mib", ".1f")},
        "sessions": {
            "CPU µs with 1,000": ("cpu_us_thousand", ".1f"),
            "with 1,000,000": ("cpu_us_million", ".1f"),
            "ratio": ("ratio", ".2f"),
        },
    }[part]


def _cell(
    readings: Readings, subject: str, scheme: str, part: str, figure: str, shape: str
) -> str:
    figure, _, other = figure.partition("/")
    value = (
        readings.ratio(subject, other, scheme, part, figure)
        if other
        else readings.middle(subject, scheme, part, figure)
    )
    return "" if value is None else format(value, shape)


def _section(title: str, rows: Sequence[Row]) -> str:
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    rule = "| --- |" + " ---: |" * (len(rows[0]) - 1)
    return "\n".join((f"### {title}", "", head, rule, *body, ""))


def record(
    readings: Readings, *, about: Mapping[str, object], versions: Mapping[str, str]
) -> dict[str, object]:
    """All that a later reader needs, single readings included."""
    return {
        **about,
        "versions": dict(versions),
        "left_out": readings.left_out,
        "goals": [
            {
                "goal": each.goal.name,
                "limit": each.goal.limit,
                "kind": each.goal.kind,
                "unit": each.goal.unit,
                "subject": each.subject,
                "value": round(each.value, 4),
                "is_met": each.is_met,
            }
            for each in judge(readings)
        ],
        "readings": [
            {
                "subject": each.subject,
                "scheme": each.scheme,
                "slice": each.slice,
                "round": each.round,
                **{name: float(f"{value:.6g}") for name, value in each.figures.items()},
            }
            for each in readings.all
        ],
    }


def readings_in(record: Mapping[str, object]) -> Readings:
    """The readings of a record."""
    readings = Readings()
    told = record["readings"]
    assert isinstance(told, list)
    for each in told:
        figures = dict(each)
        keys = {name: figures.pop(name) for name in ("subject", "scheme", "slice", "round")}
        readings.add(Reading(**keys, figures=figures))
    left_out = record["left_out"]
    assert isinstance(left_out, dict)
    readings.left_out.update(left_out)
    return readings
