"""How passkeys and terminals are called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.login.account_rows import CHANGES, METHODS
from gateway.login.labels import MODELS, keeper_of, shape_of, terminal_name
from gateway.pages.languages import Language
from gateway.rules.records import Method, Passkey, PersonId
from tests.instruments.house import LANGUAGES

PASSKEY = Passkey(
    credential_id=b"id",
    person_id=PersonId("00"),
    public_key=b"",
    sign_count=0,
    transports=(),
    aaguid="00000000-0000-0000-0000-000000000000",
    is_synced=False,
    is_backed_up=False,
    label="鍵",
    created=0.0,
    last_used=None,
)

SAY = LANGUAGES.catalogue(Language.JA).say


@pytest.mark.parametrize(
    ("transports", "is_synced", "shape", "keeper"),
    [
        (("internal",), False, "device", ""),
        (("internal",), True, "passkey", ""),
        (("hybrid", "internal"), True, "passkey", ""),
        (("hybrid", "ble"), True, "phone", "スマートフォン"),
        (("cable",), False, "phone", "スマートフォン"),
        (("usb",), False, "security-key", "セキュリティキー"),
        (("nfc", "usb"), False, "security-key", "セキュリティキー"),
        ((), True, "passkey", ""),
    ],
)
def test_a_passkey_is_known_by_the_way_to_it(
    transports: tuple[str, ...], is_synced: bool, shape: str, keeper: str
) -> None:
    """Where the model says nothing, the way by which a passkey was reached does."""
    passkey = replace(PASSKEY, transports=transports, is_synced=is_synced)

    assert (shape, keeper) == (shape_of(passkey), keeper_of(SAY, passkey))


@pytest.mark.parametrize("aaguid", MODELS)
def test_a_known_model_has_its_name(aaguid: str) -> None:
    """Whoever keeps most people's passkeys is called by name."""
    assert keeper_of(SAY, replace(PASSKEY, aaguid=aaguid))


@pytest.mark.parametrize(
    ("user_agent", "ja", "en"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/156.0", "WindowsのChrome", "Chrome on Windows"),
        (
            "Mozilla/5.0 (Macintosh) Version/27 Safari/1",
            "MacまたはiPadのSafari",
            "Safari on Mac or iPad",
        ),
        ("curl/8.1", "不明な端末", "Unknown device"),
        ("", "不明な端末", "Unknown device"),
        ("(Windows NT 10.0)", "Windows", "Windows"),
        ("Firefox/160", "Firefox", "Firefox"),
        ("<script>alert(1)</script>{system}", "不明な端末", "Unknown device"),
    ],
)
def test_a_terminal_is_told_in_words(user_agent: str, ja: str, en: str) -> None:
    """System and browser in the person's language, and no word of the browser's own."""
    told = [terminal_name(LANGUAGES.catalogue(each).say, user_agent) for each in Language]

    assert [ja, en] == told


def test_every_method_has_a_name() -> None:
    """However a session was opened, the page can say so."""
    assert set(Method) == set(METHODS)


@pytest.mark.parametrize("language", Language)
def test_every_change_is_told_with_what_it_happened_to(language: Language) -> None:
    """Each sentence stands by itself, and those that speak of something name it."""
    say = LANGUAGES.catalogue(language).say
    told = {event: say(name, subject="鍵") for event, name in CHANGES.items()}

    assert len(told) == len(set(told.values()))
    assert not any("{" in each for each in told.values())
