"""`users`, `keys` and `sessions`: what is typed, what is answered, what machines read."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from gateway.store.interface import Store
from tests.admin.acting import passkey_of, session_of
from tests.commands.conftest import Gateway
from tests.commands.running import in_store


@pytest.fixture
def taro(file: Path, gateway: Gateway) -> None:
    """Taro, with an iPhone and a security key, signed in twice."""
    gateway("users", "add", "taro", "--display-name", "山田 太郎", "--group", "営業")

    async def furnish(store: Store) -> None:
        person = await store.person_named("taro")
        assert person is not None
        for start, label in ((0x11, "iPhone"), (0x22, "会社の鍵")):
            await store.add_passkey(passkey_of(person, label, start=start))
        for session_id in ("s1", "s2"):
            session = session_of(person, session_id, created=time.time())
            await store.remember_session(session, replacing=None)

    in_store(file, furnish)


def test_people_are_shown_in_columns(gateway: Gateway, taro: None) -> None:
    """Names in Japanese take two cells for each character, and the columns still align."""
    gateway("users", "add", "hanako", "--mail", "hanako@example.co.jp")
    gateway("users", "disable", "hanako")

    listed = gateway("users", "list").out.splitlines()

    assert listed == [
        "NAME    DISPLAY NAME  PASSKEYS  GROUPS  MAIL",
        "hanako  hanako        0                 hanako@example.co.jp  disabled",
        "taro    山田 太郎     2         営業",
    ]


def test_a_person_is_shown(gateway: Gateway, taro: None) -> None:
    """Who it is, and by what they get in."""
    shown = gateway("users", "show", "Taro").out

    assert "display name    山田 太郎\n" in shown
    assert "recovery codes  0 left\n" in shown
    assert "\n111111111111  iPhone    synced " in shown
    assert "\n222222222222  会社の鍵  device-bound " in shown


def test_a_person_is_shown_to_machines(gateway: Gateway, taro: None) -> None:
    """The shape that is promised."""
    shown = gateway("users", "show", "taro", "--json").json()

    assert (shown["name"], shown["enabled"], shown["groups"]) == ("taro", True, ["営業"])
    assert [each["label"] for each in shown["passkeys"]] == ["iPhone", "会社の鍵"]
    assert (shown["otp"], shown["recovery_codes"]) == (False, 0)


def test_a_person_is_edited(gateway: Gateway, taro: None) -> None:
    """What is named is changed; groups are replaced, or emptied."""
    gateway(
        "users", "edit", "taro", "--mail", "taro@example.co.jp", "--group", "a", "--group", "b"
    )
    first = gateway("users", "show", "taro", "--json").json()
    edited = gateway("users", "edit", "taro", "--no-groups", "--mail", "")
    second = gateway("users", "show", "taro", "--json").json()

    assert (first["mail"], first["groups"]) == ("taro@example.co.jp", ["a", "b"])
    assert (second["mail"], second["groups"]) == ("", [])
    assert edited.out == "Changed taro. See: users show taro\n"


def test_a_language_is_chosen_and_let_go(gateway: Gateway) -> None:
    """Letters are in it; `auto` leaves it to the browser again."""
    gateway("users", "add", "taro", "--language", "en")
    chosen = gateway("users", "show", "taro", "--json").json()
    gateway("users", "edit", "taro", "--language", "auto")
    let_go = gateway("users", "show", "taro", "--json").json()

    assert (chosen["language"], let_go["language"]) == ("en", "")


def test_groups_are_not_set_and_emptied_at_once(gateway: Gateway, taro: None) -> None:
    """What cannot both be meant is refused."""
    run = gateway("users", "edit", "taro", "--group", "a", "--no-groups")

    assert (run.code, "cannot both be meant" in run.err) == (1, True)


def test_somebody_is_disabled_and_enabled(gateway: Gateway, taro: None) -> None:
    """Out at once, and back with the passkeys that are left."""
    disabled = gateway("users", "disable", "taro")
    sessions = gateway("sessions", "list", "--json").json()
    enabled = gateway("users", "enable", "taro")

    assert disabled.out == "taro is signed out everywhere and may not sign in any more.\n"
    assert sessions == []
    assert enabled.out == "taro may sign in again.\n"


def test_who_has_no_passkey_is_enabled_in_vain(gateway: Gateway) -> None:
    """The answer says what is missing."""
    gateway("users", "add", "hanako")

    assert "has no passkey: users invite NAME" in gateway("users", "enable", "hanako").out


def test_passkeys_are_listed_and_removed(gateway: Gateway, taro: None) -> None:
    """By the id that the list shows; the last one only if that is meant."""
    listed = gateway("keys", "list", "taro", "--json").json()
    removed = gateway("keys", "remove", "taro", listed[0]["id"])
    refused = gateway("keys", "remove", "taro", "会社の鍵")
    meant = gateway("keys", "remove", "taro", "222222222222", "--even-last")
    empty = gateway("keys", "list", "taro")

    assert removed.out == "Removed 'iPhone'; what it had opened is closed.\n"
    assert (refused.code, "--even-last" in refused.err) == (1, True)
    assert (meant.code, empty.out) == (0, "No passkeys yet: users invite taro\n")


def test_sessions_are_listed_and_ended(gateway: Gateway, taro: None) -> None:
    """One by its id, or all of one person's."""
    listed = gateway("sessions", "list").out.splitlines()
    shape = gateway("sessions", "list", "taro", "--json").json()
    ended = gateway("sessions", "end", "s1")
    rest = gateway("sessions", "end-all", "taro")
    nobody = gateway("sessions", "list")

    assert listed[0].split() == ["ID", "USER", "METHOD", "ADDRESS", "SINCE", "LAST", "USED"]
    assert set(shape[0]) == {"id", "user", "method", "address", "created", "last_used"}
    assert ended.out == "Ended the session of taro from 192.0.2.7.\n"
    assert rest.out == "Ended 1 session of taro.\n"
    assert nobody.out == "Nobody is signed in.\n"


def test_an_invitation_is_put_on_paper(gateway: Gateway, tmp_path: Path) -> None:
    """A page to print, which nobody else can read, with the link on it."""
    gateway("users", "add", "taro", "--display-name", "山田 太郎")
    sheet = tmp_path / "taro.html"

    run = gateway("users", "invite", "taro", "--sheet", sheet)

    page = sheet.read_text(encoding="utf-8")
    assert run.code == 0
    assert run.out.splitlines()[0] in page
    assert "山田 太郎" in page
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    assert f"To print: {sheet}" in run.out


def test_paper_that_is_there_is_not_overwritten(gateway: Gateway, tmp_path: Path) -> None:
    """No link is made, and the file stays as it is."""
    gateway("users", "add", "taro")
    sheet = tmp_path / "taro.html"
    sheet.write_text("mine")

    run = gateway("users", "invite", "taro", "--sheet", sheet)
    nowhere = gateway("users", "invite", "taro", "--sheet", tmp_path / "no" / "taro.html")

    assert (run.code, sheet.read_text()) == (1, "mine")
    assert "is there already" in run.err
    assert "No such file" in nowhere.err


def test_a_refused_invitation_leaves_no_paper(gateway: Gateway, tmp_path: Path) -> None:
    """Where nobody is invited nothing is left to print."""
    run = gateway("users", "invite", "nobody", "--sheet", tmp_path / "sheet.html")

    assert (run.code, (tmp_path / "sheet.html").exists()) == (1, False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys",),
        ("keys", "remove", "taro"),
        ("sessions", "end"),
        ("users", "add", "a", "--language", "fr"),
        ("users", "fly"),
    ],
)
def test_what_is_not_understood_is_usage(gateway: Gateway, arguments: tuple[str, ...]) -> None:
    """Exit code 2, with the usage."""
    run = gateway(*arguments)

    assert (run.code, run.err.startswith("usage: gateway")) == (2, True)
