"""docs/performance.md shows what was measured, and nothing else."""

from __future__ import annotations

import json

from benchmarks import page


def test_the_figures_of_the_page_are_those_of_its_record() -> None:
    """Every figure between the marks is in the record that the page names."""
    text = page.PAGE.read_text(encoding="utf-8")
    name = page.record_in(text)
    told = json.loads((page.RESULTS / name).read_text(encoding="utf-8"))

    assert page.figures(name, told) in text


def test_the_chart_is_that_of_the_same_record() -> None:
    """Chart and tables cannot part."""
    name = page.record_in(page.PAGE.read_text(encoding="utf-8"))
    told = json.loads((page.RESULTS / name).read_text(encoding="utf-8"))

    assert page.chart(told) == page.CHART.read_text(encoding="utf-8")
