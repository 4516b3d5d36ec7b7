"""The company's colour: whatever it is, everybody can read what is written in it and on it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.look_options import Look
from gateway.pages.assets import load_assets
from gateway.pages.palette import DARK_PAPER, ENOUGH, LIGHT_PAPER, Colour, contrast, stylesheet

CARDS: tuple[Colour, Colour] = ((255, 255, 255), (0x18, 0x20, 0x29))
"""What most of it stands on, in the light theme and in the dark one."""

TOKENS = ("--accent", "--fill", "--fill-hover", "--on-fill")


def themes(colour: str) -> list[dict[str, Colour]]:
    """What the style sheet makes of that colour: light, dark."""
    css = stylesheet(Look(colour=colour)).decode("ascii")
    rows = re.findall(r"(--[a-z-]+): #([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2});", css)
    parts = [(name, (int(r, 16), int(g, 16), int(b, 16))) for name, r, g, b in rows]
    return [dict(parts[:4]), dict(parts[4:])]


@given(st.integers(0, 0xFFFFFF))
def test_every_colour_can_be_read(number: int) -> None:
    """Links on every paper, and letters on buttons, reach the contrast of WCAG AA."""
    papers = (LIGHT_PAPER, CARDS[0]), (DARK_PAPER, CARDS[1])

    for theme, grounds in zip(themes(f"#{number:06x}"), papers, strict=True):
        assert min(contrast(theme["--accent"], each) for each in grounds) >= ENOUGH
        for fill in ("--fill", "--fill-hover"):
            assert contrast(theme["--on-fill"], theme[fill]) >= ENOUGH


def test_a_button_has_the_colour_that_was_chosen() -> None:
    """In the light theme the company's own colour is what it is."""
    light, dark = themes("#f5c400")

    assert (0xF5, 0xC4, 0x00) == light["--fill"]
    assert set(TOKENS) == set(light) == set(dark)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 0), (255, 255, 255), 21.0),
        ((255, 255, 255), (255, 255, 255), 1.0),
        ((0x77, 0x77, 0x77), (255, 255, 255), 4.48),
    ],
)
def test_contrast_is_that_of_wcag(one: Colour, other: Colour, expected: float) -> None:
    """The figures that every checker gives."""
    assert expected == round(contrast(one, other), 2)


def test_papers_are_those_of_the_style_sheet() -> None:
    """The papers that colours are matched against are the ones that pages have."""
    css = (load_assets()._assets["gateway.css"].body).decode()

    hovers = re.findall(r"--hover: #([0-9a-f]{6});", css)
    assert [bytes(LIGHT_PAPER).hex(), bytes(DARK_PAPER).hex()] == hovers


def test_without_a_colour_nothing_is_added() -> None:
    """Our own blue stands where no colour is configured."""
    assert b"" == stylesheet(Look())
