"""The command line: what administrators type, and what they are told."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gateway.cli import judge, version
from gateway.rules.vitals import Finding, Gravity
from tests.commands.running import LOCAL, Run, configured

ROOT = Path(__file__).parents[1]
GATEWAY = (sys.executable, "-c", "from gateway.cli import main; main()")

NOBODY = 65534
"""The user without rights, on Debian."""


@pytest.fixture
def file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A configuration as `gateway init` writes it, whose health port is in nobody's way."""
    return configured(tmp_path, capsys)


def mode(path: Path) -> int:
    """Who may read it."""
    return stat.S_IMODE(path.stat().st_mode)


def test_init_writes_a_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One command makes configuration, data directory and key, all of them private."""
    directory = tmp_path / "new" / "gw"

    run = Run(capsys, "init", *LOCAL, "--dir", directory, "--yes")

    assert run.code == 0
    assert mode(directory / "gateway.toml") & 0o027 == 0
    assert mode(directory / "data") == 0o700
    assert mode(directory / "data" / "sealing.key") == 0o600
    assert f"gateway check -c {directory}/gateway.toml" in run.out
    assert f"gateway run -c {directory}/gateway.toml" in run.out


@pytest.mark.parametrize(
    ("url", "lines"),
    [
        ("https://gw.example.co.jp", ['https = "tcp:443"', 'http = "tcp:80"', '"self-signed"']),
        ("https://gw.example.co.jp:8443", ['https = "tcp:8443"', 'http = ""']),
        ("http://localhost", ['http = "tcp:80:interface=127.0.0.1"', 'mode = "off"']),
        ("https://例え.jp", ['url = "https://xn--r8jz45g.jp"']),
    ],
)
def test_init_fits_the_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str, lines: list[str]
) -> None:
    """Ports and TLS are written as the address needs them."""
    run = Run(capsys, "init", "--url", url, "--app", "http://a", "--dir", tmp_path, "--yes")

    assert run.code == 0
    text = (tmp_path / "gateway.toml").read_text()
    assert [each for each in lines if each not in text] == []


def test_init_quotes_what_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name with quotes in it does not become something else in the file."""
    run = Run(capsys, "init", *LOCAL, "--name", 'a"\\b 例', "--dir", tmp_path, "--yes")

    assert run.code == 0
    assert 'name = "a\\"\\\\b 例"' in (tmp_path / "gateway.toml").read_text()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--url", "https://192.0.2.1", "--app", "http://a"), "browsers refuse passkeys on an IP"),
        (("--url", "http://gw.test", "--app", "http://a"), "localhost"),
        (("--url", "https://gw.test", "--app", "ftp://a"), "http://HOST"),
        (("--url", "https://gw.test", "--app", "http://localhost:443"), "[listen] https"),
        ((*LOCAL, "--name", " "), "1 to 64 characters"),
    ],
)
def test_init_refuses_what_cannot_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], reason: str
) -> None:
    """A wish that would not work is refused with the reason, and nothing is written."""
    run = Run(capsys, "init", *arguments, "--dir", tmp_path, "--yes")

    assert run.code == 1
    assert run.err.startswith("gateway: ")
    assert reason in run.err
    assert list(tmp_path.iterdir()) == []


def test_init_with_an_app_that_speaks_tls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An app behind TLS is taken as it is, and the file says where its authority would go."""
    asked = ("init", "--url", "https://gw.test", "--app", "https://a")

    run = Run(capsys, *asked, "--dir", tmp_path, "--yes")

    assert run.code == 0
    text = (tmp_path / "gateway.toml").read_text()
    assert 'url = "https://a"' in text
    assert "# ca =" in text


@pytest.mark.parametrize("name", ["gateway.toml", "data"])
def test_init_overwrites_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """What is there is left as it is."""
    (tmp_path / name).touch()

    run = Run(capsys, "init", *LOCAL, "--dir", tmp_path, "--yes")

    assert run.code == 1
    assert f"{tmp_path / name} is there already" in run.err
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("はい\n", 0), ("\n", 1), ("", 1)])
def test_init_asks_before_it_writes(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
) -> None:
    """Without --yes the file is shown first, and only a yes writes it."""
    source = tmp_path / "answer"
    source.write_text(answer)
    with source.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        run = Run(capsys, "init", *LOCAL, "--dir", tmp_path / "gw")

    assert run.code == code
    assert 'url = "http://localhost:8080"' in run.out
    assert (tmp_path / "gw").exists() is (code == 0)


def test_init_tells_what_the_system_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A place where nothing can be written is named."""
    (tmp_path / "file").touch()

    run = Run(capsys, "init", *LOCAL, "--dir", tmp_path / "file" / "gw", "--yes")

    assert run.code == 1
    assert "Not a directory" in run.err


def test_check_lets_a_fresh_set_up_start(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A fresh set-up may start; an app that is not up yet is a warning."""
    run = Run(capsys, "check", "-c", file)

    assert run.code == 0
    assert "warning  [[app]] url: " in run.out
    assert run.out.endswith("The gateway would start; look at the warnings.\n")


@pytest.mark.parametrize(
    ("gravities", "verdict"),
    [
        ([Gravity.OK], "All is well."),
        ([Gravity.OK, Gravity.WARNING], "The gateway would start; look at the warnings."),
        ([Gravity.ERROR, Gravity.OK], "The gateway would not start."),
    ],
)
def test_check_ends_with_a_verdict(gravities: list[Gravity], verdict: str) -> None:
    """The last line says it in a few words."""
    found = [Finding(gravity=each, key="key", sentence="so") for each in gravities]

    assert judge(found) == verdict


def test_check_tells_every_mistake(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each mistake in the file is a line, and the exit code says that it would not start."""
    file.write_text('[gateway]\nlanguage = "fr"\n')

    run = Run(capsys, "check", "-c", file)

    assert run.code == 1
    assert re.findall(r"error +(\S+ \S+):", run.out) == [
        "[gateway] url",
        "[gateway] language",
        "[[app]] url",
    ]


def test_check_speaks_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Machines get the same findings."""
    found = Run(capsys, "check", "-c", file, "--json").json()

    assert isinstance(found, dict)
    assert found["ok"] is True
    assert {"level", "key", "sentence", "next_step"} == set(found["findings"][0])


def test_people_are_added_listed_and_invited(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From nobody to an invitation by three commands."""
    nobody = Run(capsys, "-c", file, "users", "list")
    added = Run(capsys, "-c", file, "users", "add", "Taro", "--display-name", "山田 太郎")
    listed = Run(capsys, "users", "list", "-c", file)
    invited = Run(capsys, "-c", file, "users", "invite", "taro", "--hours", "2", "--qr")

    assert nobody.out == "Nobody yet: users add NAME\n"
    assert added.out == "Added taro. Now: users invite taro\n"
    assert re.search(r"^taro +山田 太郎 +0$", listed.out, re.MULTILINE)
    assert "http://localhost:8080/.gateway/enroll/" in invited.out
    assert "█" in invited.out
    assert "Good for one passkey, until " in invited.out


def test_verbs_speak_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shapes that machines rely on."""
    Run(capsys, "-c", file, "users", "add", "taro")

    listed = Run(capsys, "--json", "-c", file, "users", "list").json()
    invited = Run(capsys, "-c", file, "users", "invite", "taro", "--json").json()

    assert isinstance(listed, list)
    assert [each["name"] for each in listed] == ["taro"]
    assert isinstance(invited, dict)
    assert set(invited) == {"link", "expires"}


def test_a_verb_that_is_refused_says_why(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal is one sentence on stderr and exit code 1."""
    run = Run(capsys, "-c", file, "users", "invite", "taro")

    assert run.code == 1
    assert run.err == "gateway: there is nobody named taro: see: users list\n"


def test_a_verb_without_its_key_says_why(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A database whose key is lost is not opened, and no new key is made."""
    Run(capsys, "-c", file, "users", "add", "taro")
    (file.parent / "data" / "sealing.key").unlink()

    run = Run(capsys, "-c", file, "users", "list")

    assert run.code == 1
    assert "sealing.key" in run.err
    assert not (file.parent / "data" / "sealing.key").exists()


def test_a_verb_without_configuration_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file is named."""
    run = Run(capsys, "-c", tmp_path / "none.toml", "users", "list")

    assert run.code == 1
    assert "No such file" in run.err


@pytest.mark.parametrize(
    "arguments", [[], ["users"], ["fly"], ["init"], ["users", "invite", "a", "--hours", "x"]]
)
def test_a_wrong_command_line_is_told(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    """What cannot be understood is exit code 2, with the usage."""
    run = Run(capsys, *arguments)

    assert run.code == 2
    assert run.err.startswith("usage: gateway")


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """--version says which one is installed."""
    assert Run(capsys, "--version").out == f"gateway {version()}\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_leaves_no_file_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """A verb typed by root works as the owner of the data, so that the service can go on."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        Run(capsys, "init", *LOCAL, "--dir", directory, "--yes")
        for path in (directory, *directory.rglob("*")):
            os.chown(path, NOBODY, NOBODY)

        done = subprocess.run(
            [*GATEWAY, "-c", str(directory / "gateway.toml"), "users", "add", "taro"],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )

        owners = {each.stat().st_uid for each in (directory / "data").iterdir()}
    assert (done.returncode, owners) == (0, {NOBODY}), done.stderr
