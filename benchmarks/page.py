"""
docs/performance.md: its tables and its chart, made from one record and from nothing else.

What stands between the two marks is replaced; what people wrote around it stays. So a figure
in the documentation is one that was measured: a test compares.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks import report
from benchmarks.chart import Bar, Panel, draw
from benchmarks.readings import Readings

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
CHART = ROOT / "docs" / "pictures" / "performance.svg"
RESULTS = ROOT / "benchmarks" / "results"

_figures = re.compile(r"<!-- figures of (\S+) -->\n.*?<!-- end of figures -->", re.DOTALL)

PANELS = (
    ("1k", "https", "requests_per_s", "1 KiB over TLS: requests/s against nginx proxy_pass", "/s"),
    ("1k", "http", "requests_per_s", "1 KiB plain: requests/s against nginx proxy_pass", "/s"),
    ("100m", "https", "mb_per_s", "100 MiB over TLS: MB/s against nginx proxy_pass", " MB/s"),
)


def renew(record: Path) -> None:
    """Put the figures of that record into the page, and draw the chart."""
    told = json.loads(record.read_text())
    text = PAGE.read_text()
    changed = _figures.sub(lambda _: figures(record.name, told), text)
    PAGE.write_text(changed)
    CHART.write_text(chart(told))


def record_in(text: str) -> str:
    """The name of the record that the page shows."""
    found = _figures.search(text)
    assert found is not None, "the page has lost its marks"
    return found[1]


def figures(name: str, told: Mapping[str, object]) -> str:
    """What stands between the marks, marks included."""
    readings = report.readings_in(told)
    names = told["names"]
    assert isinstance(names, dict)
    return "\n".join(
        [
            f"<!-- figures of {name} -->",
            *_circumstances(told),
            "",
            report.tables(readings, names),
            "<!-- end of figures -->",
        ]
    )


def _circumstances(told: Mapping[str, object]) -> Iterator[str]:
    machine, versions = told["machine"], told["versions"]
    assert isinstance(machine, dict)
    assert isinstance(versions, dict)
    apart = "the proxy on one core, load and app on another"
    yield (
        f"Measured {str(told['begun'])[:16].replace('T', ' ')} UTC on {machine['system']}, "
        f"{machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}; "
        f"{apart if told['cores_apart'] else 'all on one core'}; "
        f"{told['rounds']} rounds of {told['seconds']} s slices."
    )
    yield ""
    yield from (f"- {key}: {version}" for key, version in versions.items())


def chart(told: Mapping[str, object]) -> str:
    """The chart of a record."""
    readings = report.readings_in(told)
    names = told["names"]
    assert isinstance(names, dict)
    panels = [
        panel
        for part, scheme, figure, title, unit in PANELS
        if (panel := _panel(readings, names, part, scheme, figure, title, unit)).bars
    ]
    return draw(panels, title="Passkey Gateway beside other proxies, nginx proxy_pass = 1")


def _panel(
    readings: Readings,
    names: Mapping[str, str],
    part: str,
    scheme: str,
    figure: str,
    title: str,
    unit: str,
) -> Panel:
    bars = []
    for subject in readings.subjects():
        ratio = readings.ratio(subject, "nginx", scheme, part, figure)
        value = readings.middle(subject, scheme, part, figure)
        if ratio is None or value is None:
            continue
        bars.append(
            Bar(
                name=names[subject],
                ratio=ratio,
                note=f"{value:,.0f}{unit}",
                is_ours=subject.startswith("ours"),
            )
        )
    bars.sort(key=lambda bar: -bar.ratio)
    return Panel(title=title, bars=bars)


if __name__ == "__main__":
    renew(Path(sys.argv[1]))
