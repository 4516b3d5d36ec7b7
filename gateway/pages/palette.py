"""
The company's colour, made into the few that our pages need: all of them readable.

One colour cannot be everything. As it was chosen it fills buttons; letters on it are black
or white, whichever is easier to read. As ink for links and lines it is darkened on white
paper, and lightened in the dark theme, until the contrast is enough. So every colour will do.
"""

from __future__ import annotations

from gateway.config.look_options import Look

Colour = tuple[int, int, int]

ENOUGH = 4.5
"""WCAG 2.2, 1.4.3 (AA): contrast of text to what it stands on."""

LIGHT_PAPER: Colour = (0xEE, 0xF3, 0xF9)
"""The darkest of the papers in gateway.css that a link may stand on, light theme (--hover)."""

DARK_PAPER: Colour = (0x21, 0x2B, 0x37)
"""The lightest of them in the dark theme."""

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)

STEPS = 50
"""So finely a colour is moved towards black or white."""

HOVER = 0.15
"""How far a button's colour moves away from its letters while it is pointed at."""


def stylesheet(look: Look) -> bytes:
    """What is to stand at the end of gateway.css; nothing where no colour is configured."""
    if not look.colour:
        return b""
    chosen = _read(look.colour)
    light = _theme(ink=_legible(chosen, LIGHT_PAPER, BLACK), fill=chosen)
    dark_ink = _legible(chosen, DARK_PAPER, WHITE)
    dark = _theme(ink=dark_ink, fill=dark_ink)
    css = f":root {{{light}}}\n@media (prefers-color-scheme: dark) {{:root {{{dark}}}}}\n"
    return css.encode("ascii")


def contrast(one: Colour, other: Colour) -> float:
    """Between 1 and 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _theme(*, ink: Colour, fill: Colour) -> str:
    letters = max(BLACK, WHITE, key=lambda each: contrast(each, fill))
    away = WHITE if letters == BLACK else BLACK
    tokens = {
        "--accent": ink,
        "--fill": fill,
        "--fill-hover": _mixed(fill, away, HOVER),
        "--on-fill": letters,
    }
    return " ".join(f"{name}: {_written(colour)};" for name, colour in tokens.items())


def _legible(colour: Colour, paper: Colour, towards: Colour) -> Colour:
    """The nearest shade that can be read on that paper."""
    shades = (_mixed(colour, towards, step / STEPS) for step in range(STEPS + 1))
    return next(each for each in shades if contrast(each, paper) >= ENOUGH)


def _mixed(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (
        round(one + (two - one) * share) for one, two in zip(colour, other, strict=True)
    )
    return red, green, blue


def _luminance(colour: Colour) -> float:
    """WCAG 2.2, "relative luminance"."""
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _read(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def _written(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
