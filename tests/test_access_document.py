"""docs/access.md: its examples are what the gateway does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.config import examine
from gateway.rules.entries import Standing
from gateway.rules.explanation import explain
from gateway.rules.policy import Policy
from gateway.rules.public import parse_origin
from gateway.rules.records import Method

DOCUMENT = (Path(__file__).parents[1] / "docs" / "access.md").read_text(encoding="utf-8")
JAPANESE, ENGLISH = DOCUMENT.split("\n## English\n")
PUBLIC = parse_origin("https://gw.example.co.jp")
SMALLEST = '[gateway]\nurl = "https://gw.example.co.jp"\n[[app]]\nurl = "http://10.0.0.5"\n'

Row = tuple[str, str, str, str]


def recipes(text: str) -> list[tuple[str, list[Row]]]:
    """Each example, with the rows of the table behind it."""
    found = []
    for example, rest in re.findall(r"```toml\n(.*?)```\n(.*?)(?=```|\Z)", text, re.DOTALL):
        rows = re.findall(r"^\| (\S+) \| ([0-9.]+) \| (/\S*) \| `(.+?)` \|$", rest, re.MULTILINE)
        found.append((example, rows))
    return found


def person(written: str) -> Standing | None:
    """Who is meant by a cell of the tables."""
    if written == "—":
        return None
    name, _, how = written.partition("/")
    name, _, group = name.partition("@")
    return Standing(
        name=name,
        groups=(group,) if group else (),
        method=Method.PASSKEY,
        is_device_bound=how == "usb",
        verified_s=600 if how == "10m" else 0,
    )


@pytest.mark.parametrize("example", [example for example, _ in recipes(DOCUMENT)])
def test_an_example_is_a_configuration(example: str, tmp_path: Path) -> None:
    """Each example can be copied into a configuration."""
    path = tmp_path / "gateway.toml"
    path.write_text(SMALLEST + example, encoding="utf-8")

    assert [] == examine(path)[1]


@pytest.mark.parametrize(
    ("example", "row"), [(example, row) for example, rows in recipes(DOCUMENT) for row in rows]
)
def test_a_row_is_what_happens(example: str, row: Row, tmp_path: Path) -> None:
    """Each row of each table is what the gateway rules."""
    path = tmp_path / "gateway.toml"
    path.write_text(SMALLEST + example, encoding="utf-8")
    config, _ = examine(path)
    assert config is not None
    who, peer, url, outcome = row

    seen = explain(
        url, standing=person(who), peer=peer, policy=Policy(config.access), public=PUBLIC
    )

    assert outcome == seen.decision, seen.reason


def test_both_languages_have_the_same_examples() -> None:
    """Who reads Japanese and who reads English are told the same."""
    assert recipes(JAPANESE) == recipes(ENGLISH)
    assert [6, 5, 5, 4, 5, 0] == [len(rows) for _, rows in recipes(JAPANESE)]
