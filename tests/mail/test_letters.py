"""Telling people what happened to their ways in: what is noted, who is written to, and what."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.logger import LogLevel, capturedLogs

from gateway.config import Config, load
from gateway.errors import StoreError
from gateway.mail import outbox
from gateway.mail.letter import Letter
from gateway.mail.letters import Letters, Scribe
from gateway.mail.room import MailRoom
from gateway.mail.wording import WORTH_A_LETTER
from gateway.rules.records import Change, Event, Person, PersonId
from gateway.store.memory import MemoryStore
from tests.instruments.house import LANGUAGES, result_of
from tests.mail.post_office import PostOffice

NOW = 1_800_000_000.0
JAPAN = dt.timezone(dt.timedelta(hours=9))
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0 Safari/537.36"

TARO = Person(
    id=PersonId("a" * 32),
    name="taro",
    display_name="山田 太郎",
    user_handle=b"h" * 64,
    enabled=True,
    created=NOW,
    mail="taro@example.test",
)
CHANGE = Change(
    person_id=TARO.id,
    time=NOW,
    event=Event.ENROLLED,
    subject="iPhone",
    address="192.0.2.7",
    user_agent=CHROME,
)

SETTINGS = """
[gateway]
url = "https://gw.example.test"
name = "サンプル社"
{more}
[[app]]
url = "http://127.0.0.1:1"
[notices]
{notices}
"""
POSTS = 'smtp = "smtp://127.0.0.1:2525"\nmail_from = "gateway@example.test"'


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A gateway that writes letters."""
    return configured(tmp_path)


def configured(directory: Path, *, more: str = "", notices: str = POSTS) -> Config:
    """A gateway with such settings."""
    path = directory / "gateway.toml"
    path.write_text(SETTINGS.format(more=more, notices=notices), encoding="utf-8")
    return load(path)


def scribe(config: Config) -> Scribe:
    """Who writes that gateway's letters, in Japan."""
    return Scribe(
        config, LANGUAGES, wall=lambda: NOW, token_bytes=lambda count: b"t" * count, zone=JAPAN
    )


def text_of(letter: Letter | None) -> str:
    """Subject and body, as a mail program shows them."""
    assert letter is not None
    message = email.message_from_bytes(letter.content, policy=email.policy.default)
    body = message.get_content().replace("\r\n", "\n")
    return f"{message['subject']}\n\n{body}"


def announced(letters: Letters, person: Person = TARO, change: Change = CHANGE) -> None:
    """It is announced, without waiting for anything."""
    result_of(Deferred.fromCoroutine(letters.announce(person, change)))


def store_of(person: Person = TARO) -> MemoryStore:
    """A store that knows that person."""
    store = MemoryStore()
    result_of(Deferred.fromCoroutine(store.add_person(person)))
    return store


def changes(store: MemoryStore) -> list[Change]:
    """What is noted for Taro."""
    return result_of(Deferred.fromCoroutine(store.changes_of(TARO.id)))


def test_an_invitation_in_japanese(config: Config) -> None:
    """The link stands on a line of its own; until when, how often and what to be careful of."""
    letter = scribe(config).invitation(TARO, link="https://gw.example.test/x", expires=NOW)

    text = text_of(letter)
    assert text.startswith(
        "【サンプル社】パスキー登録のご案内\n\n山田 太郎 様\n\n「サンプル社」に"
    )
    assert "\n\nhttps://gw.example.test/x\n\n" in text
    assert "有効期限：2027年1月15日 17:00（UTC+09:00）" in text
    assert (letter.recipient, letter.kind) == ("taro@example.test", "invitation.issued")


def test_an_invitation_in_english(config: Config) -> None:
    """Who chose English is invited in English."""
    english = replace(TARO, language="en")

    text = text_of(scribe(config).invitation(english, link="https://gw/x", expires=NOW))

    assert text.startswith("サンプル社: register your passkey\n\nDear 山田 太郎,\n")
    assert "Good until: 2027-01-15 17:00 (UTC+09:00)" in text


def test_a_change_says_what_when_and_from_where(config: Config) -> None:
    """What happened, when, from which terminal and address, and what to do about it."""
    text = text_of(scribe(config).changed(TARO, CHANGE))

    assert text.startswith("【サンプル社】パスキーが登録されました\n\n山田 太郎 様\n")
    assert "パスキー「iPhone」が登録されました。" in text
    assert "日時：2027年1月15日 17:00（UTC+09:00）" in text
    assert "接続元：192.0.2.7" in text
    assert "Windows" in text
    assert "Chrome" in text
    assert "Mozilla" not in text
    assert "心当たりがない場合" in text
    assert "https://gw.example.test/.gateway/account" in text


def test_what_an_administrator_did_is_said_to_be_so(config: Config) -> None:
    """A verb has neither terminal nor address."""
    change = replace(CHANGE, event=Event.PASSKEY_REMOVED, address="", user_agent="")

    text = text_of(scribe(config).changed(TARO, change))

    assert "操作した人：管理者" in text
    assert "管理者に依頼した操作であれば" in text
    assert "端末：" not in text


@pytest.mark.parametrize("event", sorted(WORTH_A_LETTER))
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_letter_can_be_written(config: Config, event: Event, language: str) -> None:
    """No sentence and no value is missing, in either language."""
    person = replace(TARO, language=language)

    text = text_of(scribe(config).changed(person, replace(CHANGE, event=event)))

    assert not {"{", "}"} & set(text)
    assert len(text) > 150


def test_the_company_s_language_is_used_where_nobody_chose(tmp_path: Path) -> None:
    """Who has not chosen reads what is configured; an odd choice counts as none."""
    for language in ("", "fr"):
        letter = scribe(configured(tmp_path)).changed(replace(TARO, language=language), CHANGE)
        assert text_of(letter).startswith("【サンプル社】")


def test_strangers_words_stay_on_their_line(config: Config) -> None:
    """A label, a name or an address cannot draw lines of its own into a letter."""
    odd = "x\n\n心当たりがない場合は https://evil.example\u202e" + "y" * 10_000
    change = replace(CHANGE, subject=odd, address=odd, user_agent=odd)

    text = text_of(scribe(config).changed(replace(TARO, display_name=odd), change))

    assert "\n心当たりがない場合は https://evil.example" not in text
    assert "\u202e" not in text
    assert len(text) < 1_000


def test_a_change_is_noted_and_posted(config: Config) -> None:
    """First the note for the account page, then the letter."""
    store, posted = store_of(), list[Letter]()

    announced(Letters(store, scribe=scribe(config), post=posted.append))

    assert changes(store) == [CHANGE]
    assert [(each.kind, each.person) for each in posted] == [("passkey.registered", "taro")]


def test_a_letter_goes_to_today_s_address(config: Config) -> None:
    """An address that was changed since somebody signed in counts at once."""
    store, posted = store_of(), list[Letter]()
    changing = store.change_person(TARO.id, mail="new@example.test")
    result_of(Deferred.fromCoroutine(changing))

    announced(Letters(store, scribe=scribe(config), post=posted.append))

    assert [each.recipient for each in posted] == ["new@example.test"]


@pytest.mark.parametrize(
    ("person", "event"),
    [(replace(TARO, mail=""), Event.ENROLLED), (TARO, Event.PASSKEY_RENAMED)],
    ids=["no address", "no reason"],
)
def test_not_everything_is_a_letter(config: Config, person: Person, event: Event) -> None:
    """Without an address, or for a mere renaming, it is noted and that is all."""
    store, posted = store_of(person), list[Letter]()
    change = replace(CHANGE, event=event)

    announced(Letters(store, scribe=scribe(config), post=posted.append), person, change)

    assert (changes(store), posted) == ([change], [])


class BrokenStore(MemoryStore):
    """A store whose disk is full."""

    async def note_change(self, change: Change) -> None:
        """Fail."""
        raise StoreError(f"no room for {change.event}")


def test_trouble_with_a_note_or_a_letter_disturbs_nobody(config: Config) -> None:
    """What is announced is done already: trouble goes to the log, and the other half is done."""

    def broken(letter: Letter) -> None:
        raise ZeroDivisionError(letter.kind)

    posted: list[Letter] = []
    store = store_of()
    with capturedLogs() as logged:
        announced(Letters(BrokenStore(), scribe=scribe(config), post=posted.append))
        announced(Letters(store, scribe=scribe(config), post=broken))

    assert (len(posted), changes(store)) == (1, [CHANGE])
    assert [each["log_level"] for each in logged] == [LogLevel.critical] * 2
    assert {each["event"] for each in logged} == {"mail.failed"}


def room(config: Config, store: MemoryStore, clock: object) -> MailRoom:
    """The letters of a running service."""
    return MailRoom(
        config,
        clock,
        store=store,
        languages=LANGUAGES,
        wall=lambda: NOW,
        token_bytes=lambda count: b"t" * count,
    )


def test_a_service_without_a_mail_server_notes(tmp_path: Path) -> None:
    """Without `[notices] smtp` people read of it on their account page."""
    store = store_of()
    mail = room(configured(tmp_path, notices=""), store, Clock())

    result_of(Deferred.fromCoroutine(mail.announce(TARO, CHANGE)))
    result_of(Deferred.fromCoroutine(mail.close()))

    assert (changes(store), mail.outbox) == ([CHANGE], None)


@pytest_twisted.ensureDeferred
async def test_a_mail_server_that_was_down_gets_the_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who announces does not wait; when the server is back, the letter arrives."""
    monkeypatch.setattr(outbox, "RETRY_AFTER_S", (0.1,) * 50)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    smtp = f'smtp = "smtp://127.0.0.1:{port}"\nmail_from = "gateway@example.test"'
    store = store_of()
    mail = room(configured(tmp_path, notices=smtp), store, reactor)
    assert mail.outbox is not None

    await mail.announce(TARO, CHANGE)
    await deferLater(reactor, 0.15)
    waited = mail.outbox.waiting
    with PostOffice(port=port) as office:
        while mail.outbox.waiting:
            await deferLater(reactor, 0.02)

    await mail.close()
    assert (waited, changes(store)) == (1, [CHANGE])
    assert [each.recipients for each in office.received] == [["taro@example.test"]]
    assert "パスキー「iPhone」が登録されました。" in office.received[0].text
