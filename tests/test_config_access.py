"""`[[access]]` in the configuration: what it means, and that every mistake is told."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from gateway.config import Config, examine
from gateway.config.access_entries import ENTRIES_LIMIT
from gateway.rules.entries import Entry, Require

SMALLEST = """\
[gateway]
url = "https://gw.example.co.jp"

[[app]]
name = "groupware"
url = "http://10.0.0.5"
"""


def examined(directory: Path, text: str) -> tuple[Config | None, list[str]]:
    """What the smallest file with that text means, and the mistakes, each in one line."""
    path = directory / "gateway.toml"
    path.write_text(f"{SMALLEST}\n{text}", encoding="utf-8")
    config, mistakes = examine(path)
    assert all("\n" not in str(each) for each in mistakes)
    return config, [f"{each.key} | {each.seen} | {each.wanted}" for each in mistakes]


def entries(directory: Path, text: str) -> tuple[Entry, ...]:
    """The entries of that text, which has no mistake."""
    config, mistakes = examined(directory, text)
    assert config is not None, mistakes
    return config.access


def test_without_entries(tmp_path: Path) -> None:
    """Without `[[access]]` there are no entries, and no path is listed as background."""
    config, _ = examined(tmp_path, "")

    assert config is not None
    assert ((), ()) == (config.access, config.background)


def test_every_key_can_be_given(tmp_path: Path) -> None:
    """What is written in the entry is what the gateway rules by."""
    found = entries(
        tmp_path,
        """
        [[access]]
        app = "groupware"
        path = ["/kaikei/", "/経理/", "/**/*.cgi"]
        method = ["get", "POST"]
        users = ["ＳＡＴＯ"]
        groups = "Accounting"
        networks = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]
        require = "device-bound"
        fresh = "5m"
        [[access]]
        require = "deny"
        """,
    )

    assert found == (
        Entry(
            require=Require.DEVICE_BOUND,
            app="groupware",
            paths=("/kaikei/", "/経理/", "/**/*.cgi"),
            methods=("GET", "POST"),
            users=("sato",),
            groups=("accounting",),
            networks=tuple(
                map(ipaddress.ip_network, ("10.0.0.0/8", "2001:db8::/32", "192.0.2.7"))
            ),
            fresh_s=300.0,
        ),
        Entry(require=Require.DENY),
    )


def test_background_paths(tmp_path: Path) -> None:
    """Paths that are no sign of a person are patterns like those of the entries."""
    config, _ = examined(tmp_path, '[sessions]\nbackground = ["/poll/", "/a/*.json"]')

    assert config is not None
    assert config.background == ("/poll/", "/a/*.json")


@pytest.mark.parametrize(
    ("text", "key", "wanted"),
    [
        ('path = "/a"', "require (entry 1)", 'require = "deny"'),
        ('require = "maybe"', "require (entry 1)", '"device-bound"'),
        ('require = "any"\npaths = "/a"', "paths (entry 1)", "did you mean path?"),
        ('require = "any"\nxyz = "/a"', "xyz (entry 1)", "known are app, path"),
        ('require = "any"\npath = "a"', "path (entry 1)", 'begins with "/"'),
        ('require = "any"\npath = []', "path (entry 1)", "a list of such"),
        ('require = "any"\npath = [1]', "path (entry 1)", "a list of such"),
        ('require = "any"\npath = "/%61"', "path (entry 1)", "as people read it"),
        ('require = "any"\nmethod = "GET POST"', "method (entry 1)", "a list of such"),
        ('require = "any"\nmethod = []', "method (entry 1)", "a list of such"),
        ('require = "any"\nusers = [""]', "users (entry 1)", "1 to 64"),
        ('require = "any"\ngroups = []', "groups (entry 1)", "a name"),
        ('require = "any"\nnetworks = "10.0.0.1/8"', "networks (entry 1)", '"10.0.0.0/8", if'),
        ('require = "any"\nnetworks = "office"', "networks (entry 1)", "a network"),
        ('require = "any"\nnetworks = "::ffff:10.0.0.0/104"', "networks (entry 1)", "IPv4"),
        ('require = "any"\nfresh = "30s"', "fresh (entry 1)", '"1m"'),
        ('require = "any"\nfresh = 300', "fresh (entry 1)", "with its unit"),
        ('require = "none"\nusers = "sato"', "users (entry 1)", "strangers have no name"),
        ('require = "none"\ngroups = "a"', "groups (entry 1)", "strangers have no name"),
        ('require = "none"\nfresh = "5m"', "fresh (entry 1)", 'require is "none"'),
        ('require = "deny"\nfresh = "5m"', "fresh (entry 1)", 'require is "deny"'),
        ('require = "deny"\napp = "mail"', "app (entry 1)", "groupware"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, key: str, wanted: str) -> None:
    """Each mistake names the key, the entry by its number, and what is wanted."""
    config, mistakes = examined(tmp_path, f"[[access]]\n{text}\n")

    assert config is None
    assert [f"[[access]] {key}"] == [each.split(" | ")[0] for each in mistakes]
    assert wanted in mistakes[0].rpartition(" | ")[2]


@pytest.mark.parametrize("text", ['[access]\nrequire = "deny"', "[sessions]\naccess = 1"])
def test_single_brackets_are_refused(tmp_path: Path, text: str) -> None:
    """An entry that is not written as one is a mistake, and not left out."""
    config, mistakes = examined(tmp_path, text)

    assert config is None
    assert 1 == len(mistakes)


def test_there_is_a_limit(tmp_path: Path) -> None:
    """More entries than the gateway compares quickly are refused."""
    many = "".join(
        f'[[access]]\npath = "/{number}"\nrequire = "deny"\n'
        for number in range(ENTRIES_LIMIT + 1)
    )

    assert [f"[[access]] | 201 entries | at most {ENTRIES_LIMIT} entries"] == examined(
        tmp_path, many
    )[1]


ALLOW = 'path = "/kaikei/"\ngroups = "accounting"\nrequire = "any"'
REFUSE = 'path = "/kaikei/"\nrequire = "deny"'


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (REFUSE, ALLOW),
        (REFUSE, REFUSE),
        ('require = "any"', REFUSE),
        ('path = "/"\nrequire = "any"', REFUSE),
        ('path = ["/x", "/kaikei/"]\nrequire = "any"', 'path = "/kaikei/a/*"\nrequire = "deny"'),
        ('users = ["a", "b"]\nrequire = "any"', 'users = "a"\nrequire = "passkey"'),
        ('networks = "10.0.0.0/8"\nrequire = "any"', 'networks = "10.1.0.0/16"\nrequire = "deny"'),
        ('method = ["GET", "PUT"]\nrequire = "any"', 'method = "PUT"\nrequire = "deny"'),
        ('app = "groupware"\nrequire = "any"', 'app = "groupware"\nrequire = "deny"'),
    ],
)
def test_an_entry_in_the_shade_of_another(tmp_path: Path, first: str, second: str) -> None:
    """An entry that could never decide is a mistake, and says which one is in its way."""
    config, mistakes = examined(tmp_path, f"[[access]]\n{first}\n[[access]]\n{second}\n")

    assert config is None
    assert ["[[access]] entry 2"] == [each.split(" | ")[0] for each in mistakes]
    assert "before entry 1" in mistakes[0]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ALLOW, REFUSE),
        ('path = "/*/"\nrequire = "any"', REFUSE),
        ('path = "/kaikei"\nrequire = "any"', REFUSE),
        ('users = "a"\nrequire = "any"', 'groups = "a"\nrequire = "deny"'),
        ('users = "a"\nrequire = "any"', 'users = ["a", "b"]\nrequire = "deny"'),
        (
            'networks = "10.0.0.0/8"\nrequire = "any"',
            'networks = "2001:db8::/32"\nrequire = "deny"',
        ),
        ('networks = "10.1.0.0/16"\nrequire = "any"', 'networks = "10.0.0.0/8"\nrequire = "deny"'),
        ('method = "GET"\nrequire = "any"', REFUSE),
        ('app = "groupware"\nrequire = "any"', REFUSE),
    ],
)
def test_entries_that_both_decide(tmp_path: Path, first: str, second: str) -> None:
    """Entries of which each decides something are left as they are."""
    assert 2 == len(entries(tmp_path, f"[[access]]\n{first}\n[[access]]\n{second}\n"))
