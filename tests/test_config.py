"""The configuration: what a file means, and that every mistake is told in one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import Config, examine, load
from gateway.config.options import LATER_KEYS, LATER_TABLES, OPTIONS
from gateway.config.reference import reference
from gateway.errors import ConfigError
from gateway.rules.backends import Backend

ROOT = Path(__file__).parents[1]

SMALLEST = """\
[gateway]
url = "https://gw.example.co.jp"

[[app]]
url = "http://10.0.0.5"
"""

LOCAL = """\
[gateway]
url = "http://localhost:8080"

[listen]
http = "tcp:8080:interface=127.0.0.1"

[tls]
mode = "off"

[[app]]
url = "http://127.0.0.1:3000"
"""


def write(directory: Path, text: str) -> Path:
    """A configuration file with that text."""
    path = directory / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return path


def read(directory: Path, text: str) -> Config:
    """What that text means."""
    return load(write(directory, text))


def mistake(directory: Path, text: str) -> ConfigError:
    """The first thing that is wrong with that text."""
    with pytest.raises(ConfigError) as caught:
        read(directory, text)
    return caught.value


def test_the_smallest_file_is_enough(tmp_path: Path) -> None:
    """An address and an app are all that must be said; everything else has a default."""
    config = read(tmp_path, SMALLEST)

    assert config.gateway.public.origin == "https://gw.example.co.jp"
    assert config.gateway.name == "gw.example.co.jp"
    assert config.gateway.data_dir == tmp_path / "data"
    assert config.gateway.language == "ja"
    assert (config.listen.https, config.listen.http) == ("tcp:443", "tcp:80")
    assert config.listen.health == "tcp:9180:interface=127.0.0.1"
    assert config.app.backends == (Backend(scheme="http", host="10.0.0.5", port=80, weight=1),)
    assert (config.app.ca, config.app.server_name, config.app.health) == (None, "", "")
    assert config.app.connections == 1024
    assert config.app.preserve_host
    assert config.app.max_body_bytes == 2 * 2**30
    assert (config.app.connect_s, config.app.first_byte_s, config.app.idle_s) == (5, 300, 60)
    assert (config.sessions.idle_s, config.sessions.lifetime_s) == (7200, 43200)
    assert config.store_path == tmp_path / "data" / "gateway.sqlite"


def test_every_option_can_be_given(tmp_path: Path) -> None:
    """What is written in the file is what the gateway uses."""
    config = read(
        tmp_path,
        """
        [gateway]
        url = "https://gw.example.co.jp:8443"
        name = "株式会社例"
        data_dir = "/var/lib/gateway"
        language = "en"
        [listen]
        https = "tcp:8443:interface=192.0.2.1"
        http = ""
        health = "unix:/run/gateway/health.sock"
        [tls]
        mode = "files"
        certificate = "tls/chain.pem"
        private_key = "/etc/ssl/key.pem"
        [[app]]
        name = "グループウェア"
        url = ["https://[FD00::5]:8080/", "HTTPS://App2.internal"]
        weights = [3, 1]
        ca = "tls/app-ca.pem"
        server_name = "Groupware.example.jp"
        connections = 50
        health = "/health?deep=1"
        preserve_host = false
        internal_names = ["Groupware.local", "10.0.0.5:8080"]
        max_body = "500 MB"
        [app.timeouts]
        connect = "500ms"
        first_byte = "1h30m"
        idle = "2m"
        [sessions]
        idle = "30m"
        lifetime = "1d"
        """,
    )

    assert config.gateway.name == "株式会社例"
    assert config.gateway.data_dir == Path("/var/lib/gateway")
    assert config.tls.certificate == tmp_path / "tls" / "chain.pem"
    assert config.tls.private_key == Path("/etc/ssl/key.pem")
    assert config.app.backends == (
        Backend(scheme="https", host="fd00::5", port=8080, weight=3),
        Backend(scheme="https", host="app2.internal", port=443, weight=1),
    )
    assert config.app.ca == tmp_path / "tls" / "app-ca.pem"
    assert config.app.server_name == "groupware.example.jp"
    assert (config.app.connections, config.app.health) == (50, "/health?deep=1")
    assert config.app.internal_names == ("groupware.local", "10.0.0.5:8080")
    assert config.app.max_body_bytes == 500 * 2**20
    assert (config.app.connect_s, config.app.first_byte_s) == (0.5, 5400)
    assert config.sessions.lifetime_s == 86400


def test_localhost_needs_no_tls(tmp_path: Path) -> None:
    """For trying things out, http on localhost works, and https is off without being told."""
    config = read(tmp_path, LOCAL)

    assert config.listen.https == ""
    assert not config.gateway.public.is_secure


@pytest.mark.parametrize(
    ("old", "new", "key", "wanted"),
    [
        ("https://gw.example.co.jp", "https://192.0.2.1", "[gateway] url", "a DNS name"),
        ("https://gw.example.co.jp", "http://gw.example.co.jp", "[gateway] url", "localhost"),
        ("https://gw.example.co.jp", "https://gw.example.co.jp/x", "[gateway] url", "host only"),
        ('"https://gw.example.co.jp"', "5", "[gateway] url", "double quotes"),
        ("http://10.0.0.5", "10.0.0.5:80", "[[app]] url", "http://HOST"),
        ("http://10.0.0.5", "http://10.0.0.5/app", "[[app]] url", "without a path"),
        ("http://10.0.0.5", "http://10.0.0.5:99999", "[[app]] url", "65535"),
        ("http://10.0.0.5", "http://user:pass@10.0.0.5", "[[app]] url", "http://HOST"),
        ('"http://10.0.0.5"', "[]", "[[app]] url", "1 to 32 addresses"),
        ('"http://10.0.0.5"', "[5]", "[[app]] url", "double quotes"),
        ('"http://10.0.0.5"', '["http://a", "https://b"]', "[[app]] url", "https for all"),
        ('"http://10.0.0.5"', '["http://a", "http://A:80"]', "[[app]] url", "each address once"),
        ('"http://10.0.0.5"', '["http://a", "http://localhost:443"]', "[[app]] url", "own addr"),
        ('"http://10.0.0.5"', '["http://a", "http://b/c"]', "[[app]] url", "without a path"),
        ('"http://10.0.0.5"', '"http://[10.0.0.5]"', "[[app]] url", "http://HOST"),
        ('"http://10.0.0.5"', '"http://fd00::5"', "[[app]] url", "http://HOST"),
        ("[[app]]", "[[app]]\nweights = [1, 2]", "[[app]] weights", "which is 1"),
        ("[[app]]", "[[app]]\nweights = [0]", "[[app]] weights", "1 to 1000"),
        ("[[app]]", "[[app]]\nweights = [true]", "[[app]] weights", "whole numbers"),
        ("[[app]]", "[[app]]\nweights = 1", "[[app]] weights", "a list"),
        ("[[app]]", '[[app]]\nca = "ca.pem"', "[[app]] ca", "url is not https"),
        ("[[app]]", '[[app]]\nserver_name = "a"', "[[app]] server_name", "url is not https"),
        ("[[app]]", '[[app]]\nserver_name = "a:1"', "[[app]] server_name", "without a port"),
        ("[[app]]", '[[app]]\nserver_name = "https://a"', "[[app]] server_name", "DNS name"),
        ("[[app]]", "[[app]]\nconnections = 0", "[[app]] connections", "1 to 65535"),
        ("[[app]]", '[[app]]\nconnections = "9"', "[[app]] connections", "without quotes"),
        ("[[app]]", '[[app]]\nhealth = "up"', "[[app]] health", 'begins with "/"'),
        ("[[app]]", '[[app]]\nhealth = "/a b"', "[[app]] health", "no blanks"),
        ("[[app]]", '[[app]]\nhealth = "/a\\r\\nX: y"', "[[app]] health", "no blanks"),
        ("[[app]]", "[app]", "app", "double brackets"),
        ("[[app]]", "[[ap]]", "[ap]", "did you mean app?"),
        ("[gateway]", '[gateway]\nlanguge = "en"', "[gateway] languge", "did you mean language?"),
        ("[gateway]", '[gateway]\nlanguage = "fr"', "[gateway] language", '"ja", "en"'),
        ("[gateway]", '[gateway]\nname = "a\\nb"', "[gateway] name", "one line"),
        ("[gateway]", '[gateway]\nname = " "', "[gateway] name", "1 to 64"),
        ("[gateway]", '[gateway]\ndata_dir = ""', "[gateway] data_dir", "a path"),
        ("[[app]]", '[listen]\nhttps = "ssl:443"\n[[app]]', "[listen] https", "TLS itself"),
        ("[[app]]", '[listen]\nhttps = "tcp:0x1"\n[[app]]', "[listen] https", "0 to 65535"),
        ("[[app]]", '[listen]\nhttps = ""\n[[app]]', "[listen] https", "an endpoint"),
        ("[[app]]", '[listen]\nhttps = "tcp:80"\n[[app]]', "[listen] http", "another place"),
        ("[[app]]", '[listen]\nhealth = "tcp:9"\n[[app]]', "[listen] health", "loopback"),
        ("[[app]]", '[listen]\nhttp = "systemd:name=a"\n[[app]]', "[listen] http", "not avail"),
        ("[[app]]", '[tls]\nmode = "off"\n[[app]]', "[tls] mode", "url is https"),
        ("[[app]]", '[tls]\nmode = "acme"\n[[app]]', "[tls] mode", "not available"),
        ("[[app]]", '[tls]\nmode = "files"\n[[app]]', "[tls] certificate", "a file"),
        ("[[app]]", '[tls]\nprivate_key = "k"\n[[app]]', "[tls] private_key", "no such key"),
        ("[[app]]", '[sessions]\nidle = "1d"\n[[app]]', "[sessions] idle", "lifetime, 43200 s"),
        ("[[app]]", "[sessions]\nidle = 30\n[[app]]", "[sessions] idle", "with its unit"),
        ("[[app]]", "[[app]]\npreserve_host = 1", "[[app]] preserve_host", "true or false"),
        ("[[app]]", '[[app]]\nmax_body = "2"', "[[app]] max_body", '"2GB"'),
        ("[[app]]", '[[app]]\ninternal_names = "a"', "[[app]] internal_names", "a list"),
        ("[[app]]", '[[app]]\ninternal_names = ["http://a"]', "[[app]] internal_names", "without"),
        ("[[app]]", "[[app]]\ntimeouts = 5", "[app.timeouts]", "connect"),
        ("[[app]]", '[[app]]\ntimeouts.conect = "5s"', "[app.timeouts] conect", "connect?"),
        ("[[app]]", "listen = 5\n[[app]]", "[gateway] listen", "known"),
        (SMALLEST, f'listen = "tcp:1"\n{SMALLEST}', "listen", "a table"),
        (SMALLEST, f'{SMALLEST}[[app]]\nurl = "http://b"\n', "[[app]]", "several are not"),
        ('url = "http://10.0.0.5"', "", "[[app]] url", "http://10.0.0.5:8080"),
        (SMALLEST, "", "[gateway] url", "https://gw.example.co.jp"),
        ("http://10.0.0.5", "http://localhost:443", "[[app]] url", "gateway's [listen] https"),
        ("http://10.0.0.5", "http://127.0.0.1:9180", "[[app]] url", "gateway's [listen] health"),
        ("http://10.0.0.5", "http://gw.example.co.jp", "[[app]] url", "gateway's [listen] http"),
        ("http://10.0.0.5", "http://0.0.0.0:443", "[[app]] url", "gateway's [listen] https"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, key: str, wanted: str) -> None:
    """Each mistake is one line with file, key, value seen, value wanted."""
    found = mistake(tmp_path, SMALLEST.replace(old, new, 1))

    assert found.key == key
    assert wanted in found.wanted
    assert str(found).startswith(f"{tmp_path}/gateway.toml: {key}: ")
    assert "\n" not in str(found)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('mode = "off"', 'mode = "self-signed"', "[tls] mode"),
        ("[tls]", 'https = "tcp:443"\n[tls]', "[listen] https"),
        ('"tcp:8080:interface=127.0.0.1"', '""', "[listen] http"),
        ("127.0.0.1:3000", "localhost:8080", "[[app]] url"),
        ("[tls]", 'health = "tcp:8080:interface=127.0.0.1"\n[tls]', "[listen] health"),
    ],
)
def test_a_mistake_without_tls_is_named(tmp_path: Path, old: str, new: str, key: str) -> None:
    """With http on localhost, too, settings that cannot both be meant are refused."""
    assert mistake(tmp_path, LOCAL.replace(old, new, 1)).key == key


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """An administrator sees everything that is wrong, not one thing per attempt."""
    path = write(tmp_path, '[gateway]\nlanguage = "fr"\n[listen]\nhttps = "tcp:x"\n')

    config, mistakes = examine(path)

    assert config is None
    assert [each.key for each in mistakes] == [
        "[gateway] url",
        "[gateway] language",
        "[listen] https",
        "[[app]] url",
    ]


@pytest.mark.parametrize("table", LATER_TABLES)
def test_a_table_of_later_is_refused(tmp_path: Path, table: str) -> None:
    """A policy that this version would not enforce is refused, never ignored."""
    text = f"[[{table}]]\n" if table == "access" else f"[{table}]\n"

    found = mistake(tmp_path, SMALLEST + text)

    assert table in found.key
    assert "not available in this version" in found.wanted


LATER = [
    (table, key, values) for table, keys in LATER_KEYS.items() for key, values in keys.items()
]


@pytest.mark.parametrize(("table", "key", "values"), LATER)
def test_a_key_of_later_is_refused(
    tmp_path: Path, table: str, key: str, values: tuple[object, ...]
) -> None:
    """A key of a later version is refused, unless it asks for what happens anyway."""
    text = SMALLEST.replace("[[app]]\n", f'[[app]]\n{key} = "something"\n')
    neutral = values[0] if isinstance(values[0], list) else f'"{values[0]}"'
    if table != "app":
        part = f"[{table}]\n" if table != "gateway" else ""
        text = SMALLEST.replace("[[app]]", f'{part}{key} = "something"\n[[app]]')

    found = mistake(tmp_path, text)

    assert key in found.key
    assert "not available in this version" in found.wanted
    assert read(tmp_path, text.replace('"something"', str(neutral)))


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    """Where TOML is not understood, the line is named and shown."""
    found = mistake(tmp_path, "[gateway]\nurl = https\n")

    assert found.key == "line 2"
    assert found.seen == "url = https"


def test_a_file_that_breaks_off_is_named(tmp_path: Path) -> None:
    """A file that ends in the midst of a value is a syntax error of its last line."""
    assert mistake(tmp_path, '[gateway]\nurl = """https').key == "line 2"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """Without the file the message says so."""
    with pytest.raises(ConfigError, match="No such file or directory"):
        load(tmp_path / "gateway.toml")


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    """A file saved as Shift_JIS is refused with a hint at UTF-8."""
    path = tmp_path / "gateway.toml"
    path.write_bytes('[gateway]\nname = "例"\n'.encode("cp932"))

    with pytest.raises(ConfigError, match="UTF-8"):
        load(path)


def test_a_password_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    """A password that somebody wrote into an address does not reach the log."""
    text = SMALLEST.replace("http://10.0.0.5", "http://admin:hunter2@10.0.0.5")

    assert "hunter2" not in str(mistake(tmp_path, text))


def test_the_documentation_is_what_the_code_says() -> None:
    """docs/configuration.md is generated from the table that the gateway reads by."""
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == reference()


def test_every_option_says_why() -> None:
    """Each key is explained in both languages."""
    assert [each.label for each in OPTIONS if not (each.english and each.japanese)] == []
