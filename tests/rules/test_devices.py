"""Which terminal and which browser a User-Agent speaks of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.devices import BROWSERS, SYSTEMS, Terminal, terminal_of

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT}"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT}"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15"

TERMINALS = {
    f"{WINDOWS} Chrome/156.0.0.0 Safari/537.36": ("Windows", "Chrome"),
    f"{WINDOWS} Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0": ("Windows", "Edge"),
    f"{WINDOWS} Chrome/156.0.0.0 Safari/537.36 OPR/120.0.0.0": ("Windows", "Opera"),
    f"{WINDOWS} Chrome/156.0.0.0 Safari/537.36 Vivaldi/7.1": ("Windows", "Vivaldi"),
    "Mozilla/5.0 (Windows NT 10.0; rv:160.0) Gecko/20100101 Firefox/160.0": ("Windows", "Firefox"),
    f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/27.2 Safari/605.1.15": (
        "Mac",
        "Safari",
    ),
    f"{MAC} {WEBKIT} Chrome/156.0.0.0 Safari/537.36": ("Mac", "Chrome"),
    "Mozilla/5.0 (Macintosh; rv:160.0) Gecko/20100101 Firefox/160.0": ("Mac", "Firefox"),
    f"{IPHONE} (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1": ("iPhone", "Safari"),
    f"{IPHONE} (KHTML, like Gecko) CriOS/156.0 Mobile/15E148 Safari/604.1": ("iPhone", "Chrome"),
    f"{IPHONE} (KHTML, like Gecko) FxiOS/160.0 Mobile/15E148 Safari/605.1.15": (
        "iPhone",
        "Firefox",
    ),
    f"{IPHONE} (KHTML, like Gecko) EdgiOS/156.0 Version/18.0 Mobile Safari/604.1": (
        "iPhone",
        "Edge",
    ),
    f"{IPHONE} (KHTML, like Gecko) Mobile/15E148 Safari Line/15.1.0": ("iPhone", "LINE"),
    "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) Version/26.0 Safari/604.1": ("iPad", "Safari"),
    f"{ANDROID} Chrome/156.0.0.0 Mobile Safari/537.36": ("Android", "Chrome"),
    f"{ANDROID} Chrome/156.0.0.0 Mobile Safari/537.36 EdgA/156.0": ("Android", "Edge"),
    f"{ANDROID} SamsungBrowser/30.0 Chrome/140.0.0.0 Mobile Safari/537.36": (
        "Android",
        "Samsung Internet",
    ),
    "Mozilla/5.0 (Android 15; Mobile; rv:160.0) Gecko/160.0 Firefox/160.0": ("Android", "Firefox"),
    f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/156.0.0.0": (
        "Chromebook",
        "Chrome",
    ),
    f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/156.0.0.0 Safari/537.36": (
        "Linux",
        "Chrome",
    ),
    "curl/8.5.0": ("", ""),
    "python-requests/2.32": ("", ""),
    "Mozilla/5.0": ("", ""),
    "": ("", ""),
}
"""What browsers of 2026 say, and what people call them."""


@pytest.mark.parametrize(("user_agent", "expected"), TERMINALS.items())
def test_terminals_of_today_are_known(user_agent: str, expected: tuple[str, str]) -> None:
    """Each common browser on each common system is told apart from those that it imitates."""
    terminal = terminal_of(user_agent)

    assert expected == (terminal.system, terminal.browser)


def test_an_ipad_that_says_that_it_is_a_mac_is_not_taken_for_one() -> None:
    """Safari on an iPad and on a Mac say the same, so neither is claimed."""
    safari = terminal_of(f"{MAC} Version/27.2 Safari/605.1.15")
    chrome = terminal_of(f"{MAC} Chrome/156.0.0.0 Safari/537.36")

    assert (True, False) == (safari.may_be_ipad, chrome.may_be_ipad)


@pytest.mark.parametrize(
    "user_agent",
    ["NotWindows NT", "MyiPhone", "xChrome/1", "UnFirefox/1"],
)
def test_a_part_of_a_word_is_no_name(user_agent: str) -> None:
    """A word that only ends like a known one is not that one."""
    assert Terminal(system="", browser="") == terminal_of(user_agent)


@given(st.text(max_size=300))
def test_nothing_of_a_strangers_is_ever_said(user_agent: str) -> None:
    """Whatever a browser sends, the names are ours or none."""
    terminal = terminal_of(user_agent)

    assert terminal.system in {"", *(name for _, name in SYSTEMS)}
    assert terminal.browser in {"", *(name for _, name in BROWSERS)}
