"""The chart of the documentation."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from benchmarks.chart import WIDTH, Bar, Panel, draw

NAMESPACE = "{http://www.w3.org/2000/svg}"


def picture(*ratios: float) -> ET.Element:
    """A chart of those bars, read as XML."""
    bars = [
        Bar(name=f"<{number}>", ratio=ratio, note="1/s", is_ours=number == 0)
        for number, ratio in enumerate(ratios)
    ]
    return ET.fromstring(draw([Panel(title="A & B", bars=bars)], title="figures"))


def widths(chart: ET.Element) -> list[float]:
    """The bars' lengths."""
    return [float(bar.attrib["width"]) for bar in chart.iter(f"{NAMESPACE}rect")]


def test_bars_are_as_long_as_their_ratios() -> None:
    """Twice as fast is twice as long."""
    first, second = widths(picture(1.0, 0.5))

    assert first == 2 * second


def test_everything_fits_onto_the_paper() -> None:
    """Also who is far faster than nginx stays within the picture."""
    assert max(widths(picture(7.5, 0.1))) < WIDTH / 2


def test_names_are_text_and_not_markup() -> None:
    """A name with angle brackets is shown as it is."""
    texts = [text.text for text in picture(1.0).iter(f"{NAMESPACE}text")]

    assert "<0>" in texts


def test_it_has_colours_for_dark_paper() -> None:
    """A reader with a dark theme sees light text."""
    style = picture(1.0).find(f"{NAMESPACE}style")

    assert style is not None
    assert "prefers-color-scheme: dark" in (style.text or "")
