"""
Bars as SVG, readable on light and on dark paper: for the documentation.

Pure: figures in, text out, the same text for the same figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 760
LABEL_WIDTH = 285
BAR_WIDTH = 320
"""Of the longest bar; the figures stand to the right of it."""

BAR_HEIGHT = 16
ROW_HEIGHT = 24
TITLE_HEIGHT = 46
MARGIN = 12

STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.peer { fill: #8c959f }
.ours { fill: #0969da }
.one { stroke: #57606a; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .peer { fill: #6e7681 }
  .ours { fill: #4493f8 }
  .one { stroke: #9198a1 }
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One subject."""

    name: str
    ratio: float
    note: str
    """The figure itself, for example `14,200/s`."""
    is_ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Bars under one title; 1.0 is marked."""

    title: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        """Its height in the picture."""
        return TITLE_HEIGHT + ROW_HEIGHT * len(self.bars)


def draw(panels: Sequence[Panel], *, title: str) -> str:
    """The whole picture."""
    height = sum(panel.height for panel in panels) + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        f' width="{WIDTH}" height="{height}" role="img" aria-labelledby="what">',
        f'<title id="what">{escape(title)}</title>',
        f"<style>\n{STYLE}\n</style>",
    ]
    top = MARGIN
    for panel in panels:
        lines += _panel(panel, top)
        top += panel.height
    return "\n".join([*lines, "</svg>", ""])


def _panel(panel: Panel, top: int) -> Iterator[str]:
    longest = max([1.0, *(bar.ratio for bar in panel.bars)])
    yield f'<text class="title" x="{MARGIN}" y="{top + 20}">{escape(panel.title)}</text>'
    first = top + TITLE_HEIGHT - MARGIN
    for number, bar in enumerate(panel.bars):
        yield from _bar(bar, first + number * ROW_HEIGHT, longest)
    one = LABEL_WIDTH + BAR_WIDTH / longest
    last = first + len(panel.bars) * ROW_HEIGHT - (ROW_HEIGHT - BAR_HEIGHT)
    yield f'<line class="one" x1="{one:.1f}" y1="{first - 4}" x2="{one:.1f}" y2="{last + 4}"/>'


def _bar(bar: Bar, top: int, longest: float) -> Iterator[str]:
    width = BAR_WIDTH * bar.ratio / longest
    kind = "ours" if bar.is_ours else "peer"
    middle = top + BAR_HEIGHT - 4
    yield f'<text x="{LABEL_WIDTH - 8}" y="{middle}" text-anchor="end">{escape(bar.name)}</text>'
    yield (
        f'<rect class="{kind}" x="{LABEL_WIDTH}" y="{top}" width="{width:.1f}" '
        f'height="{BAR_HEIGHT}" rx="2"/>'
    )
    told = f"{bar.ratio:.2f} ({bar.note})"
    yield f'<text x="{LABEL_WIDTH + BAR_WIDTH + 12}" y="{middle}">{escape(told)}</text>'
