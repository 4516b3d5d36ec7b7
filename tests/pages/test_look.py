"""The company's look: logo, colour and notice, from the file to the page."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from gateway.config import Config, examine
from gateway.config.look_options import LOGO_LIMIT_BYTES, Logo, Look, read_logo
from gateway.pages.assets import load_assets
from tests.instruments.house import Browser, House
from tests.pages.test_assets import VISIT

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 50"><script>x</script></svg>'
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 64, 128) + bytes(9)

SETTINGS = """\
[gateway]
url = "https://gw.example.co.jp"

[[app]]
url = "http://10.0.0.5"

[look]
"""


def read(directory: Path, look: str) -> tuple[Config | None, list[str]]:
    """What that table means, and what is wrong with it."""
    path = directory / "gateway.toml"
    path.write_text(SETTINGS + look, encoding="utf-8")
    config, mistakes = examine(path)
    return config, [str(each) for each in mistakes]


def test_the_look_is_read_from_the_file(tmp_path: Path) -> None:
    """Logo, colour and notices arrive as they were written."""
    (tmp_path / "acme.svg").write_bytes(SVG)

    config, mistakes = read(
        tmp_path,
        'logo = "acme.svg"\ncolour = "#C2185B"\nnotice = " 停止：\\n22時 "\nnotice_en = "Down"\n',
    )

    assert [] == mistakes
    assert config is not None
    logo = Logo(name="logo.svg", body=SVG, width=160, height=27)
    assert (
        Look(logo=logo, colour="#c2185b", notice="停止：\n22時", notice_en="Down") == config.look
    )


def test_without_the_table_there_is_no_look(tmp_path: Path) -> None:
    """Nothing has to be said."""
    config, _ = read(tmp_path, "")

    assert config is not None
    assert Look() == config.look


@pytest.mark.parametrize(
    ("look", "wanted"),
    [
        ('colour = "red"', "six hexadecimal digits"),
        ('colour = "#12345"', "six hexadecimal digits"),
        ("colour = 5", "six hexadecimal digits"),
        (f'notice = "{"あ" * 401}"', "at most 400 characters; these are 401"),
        ('notice = "a\\u0007"', "control characters"),
        ("notice = true", "plain text"),
        ('logo = "nowhere.svg"', "No such file"),
        ('logo = ""', "a path"),
        ('color = "#123456"', "did you mean colour?"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, look: str, wanted: str) -> None:
    """Each mistake names what is wanted."""
    config, [told] = read(tmp_path, look)

    assert config is None
    assert wanted in told


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"", "neither"),
        (b"GIF89a", "neither"),
        (b"<html/>", "viewBox"),
        (b'<svg viewBox="0 0 1 1"/>', "viewBox"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "viewBox"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" width="50%" height="9"/>', "viewBox"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 0 9"/>', "viewBox"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><svg/>', "ENTITY"),
        (PNG[:20], "begins like a PNG"),
        (PNG[:16] + bytes(8), "no pixels"),
        (SVG + b" " * LOGO_LIMIT_BYTES, "at most 64 KB"),
    ],
    ids=repr,
)
def test_a_logo_that_is_none_is_refused(tmp_path: Path, body: bytes, wanted: str) -> None:
    """What browsers could not show is found at start, with a word why."""
    path = tmp_path / "logo"
    path.write_bytes(body)

    with pytest.raises(ValueError, match=wanted):
        read_logo(path)


@pytest.mark.parametrize(
    ("body", "name", "size"),
    [
        (PNG, "logo.png", (16, 32)),
        (SVG, "logo.svg", (160, 27)),
        (
            b'<svg xmlns="http://www.w3.org/2000/svg" width="64px" height="64"/>',
            "logo.svg",
            (32, 32),
        ),
    ],
)
def test_a_logo_gets_a_place_of_its_size(
    tmp_path: Path, body: bytes, name: str, size: tuple[int, int]
) -> None:
    """Its place is kept before it has come, in the shape that it has."""
    path = tmp_path / "any.name"
    path.write_bytes(body)

    logo = read_logo(path)

    assert (name, size) == (logo.name, (logo.width, logo.height))


def test_the_logo_is_on_every_page_and_may_run_nothing() -> None:
    """It is shown as a picture; opened as a page, its scripts stay dead."""
    look = Look(logo=Logo(name="logo.svg", body=SVG, width=160, height=27))
    house = House(look=look)
    browser = Browser(house)
    address = f"{house.pages.assets.prefix}logo.svg"

    page, picture = browser.open("/.gateway/login"), browser.open(address)

    assert f'<img class="logo" src="{address}" width="160" height="27" alt="">' in page.text
    assert (200, SVG) == (picture.status, picture.body)
    assert any("sandbox" in each for each in picture.headers["content-security-policy"])


def test_a_look_has_an_address_of_its_own() -> None:
    """Browsers ask anew when logo or colour change."""
    red, blue = (load_assets(Look(colour=each)) for each in ("#aa0000", "#0000aa"))

    reply = red.reply("gateway.css", red.version, VISIT)

    assert 3 == len({red.version, blue.version, load_assets().version})
    assert reply is not None
    assert reply.body.endswith(b"}}\n")


@pytest.mark.parametrize(
    ("language", "notice_en", "expected"),
    [
        ("ja", "Call 1234", '<p class="notice info company-notice">内線<b>1234</p>'),
        ("en", "Call 1234", '<p class="notice info company-notice">Call 1234</p>'),
        ("en", "", '<p class="notice info company-notice" lang="ja">内線<b>1234</p>'),
    ],
)
def test_the_notice_is_plain_text_in_the_readers_language(
    language: str, notice_en: str, expected: str
) -> None:
    """Who reads English sees the English one, if there is one; nothing in it is HTML."""
    browser = Browser(House(look=Look(notice="内線<b>1234", notice_en=notice_en)))
    browser.language = language

    assert expected.replace("<b>", "&lt;b&gt;") in browser.open("/.gateway/login").text
