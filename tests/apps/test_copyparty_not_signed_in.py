"""Programs that have no session at the gateway: what they are told, and that nothing happens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.apps.cabinet import ROOM, TABLE, Cabinet
from tests.apps.copyparty import ACCOUNT, PASSWORD
from tests.apps.curl import Curl

NEW = "新しい.txt"
AGENT = ("--user-agent", "Microsoft-WebDAV-MiniRedir/10.0.26100")
BASIC = ("--user", f"{ACCOUNT}:{PASSWORD}")

ATTEMPTS = {
    "get": (TABLE, ()),
    "options": ("", ("--request", "OPTIONS")),
    "propfind": ("", ("--request", "PROPFIND", "--header", "Depth: 1")),
    "proppatch": (TABLE, ("--request", "PROPPATCH", "--data", "<a/>")),
    "lock": (TABLE, ("--request", "LOCK", "--data", "<a/>")),
    "mkcol": (NEW, ("--request", "MKCOL")),
    "put": (NEW, ("--upload-file", __file__)),
    "put in chunks": (
        NEW,
        ("--upload-file", __file__, "--header", "Transfer-Encoding: chunked"),
    ),
    "put without asking": (NEW, ("--upload-file", __file__, "--header", "Expect:")),
    "move": (TABLE, ("--request", "MOVE", "--header", "Destination: /x.txt")),
    "copy": (TABLE, ("--request", "COPY", "--header", "Destination: /x.txt")),
    "delete": (ROOM, ("--request", "DELETE")),
    "form": ("", ("--form", "act=bput", "--form", f"f=@{__file__}")),
}


@pytest.mark.parametrize("credentials", [(), BASIC], ids=["nobody", "with the app's password"])
@pytest.mark.parametrize(("name", "words"), ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_program_without_session_gets_401_and_does_nothing(
    stranger: Curl,
    cabinet: Cabinet,
    name: str,
    words: tuple[str, ...],
    credentials: tuple[str, ...],
) -> None:
    """Every method is answered with 401 in JSON, even with the app's password in hand."""
    before = cabinet.tree()

    answer = stranger.ask(cabinet.of(name), *AGENT, *credentials, *words)

    assert 401 == answer.status
    told = {"error": "sign_in_required", "sign_in": f"{stranger.origin}/.gateway/login"}
    assert told == json.loads(answer.body)
    assert (before, {}) == (cabinet.tree(), stranger.cookies())


def test_an_upload_without_session_is_refused_before_its_body_is_sent(
    stranger: Curl, cabinet: Cabinet, tmp_path: Path
) -> None:
    """A client that asks first (`Expect: 100-continue`) need not send 21 MiB to be told no."""
    large = tmp_path / "large"
    large.write_bytes(bytes(21 * 2**20))
    expect = ("--header", "Expect: 100-continue", "--upload-file", str(large))

    address = stranger.origin + cabinet.of(NEW)
    said = stranger.run(
        *expect, "--output", "/dev/null", "--write-out", "%{http_code} %{size_upload}", address
    )

    assert "401 0" == said
    assert not (cabinet.path / NEW).exists()
