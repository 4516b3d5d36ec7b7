"""Renewal: a new certificate is served soon after it was written, and a bad one is not."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, execute, fail
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs

from gateway.config import Config, load
from gateway.listen.certificates import Pair, read_files
from gateway.listen.renewal import AGAIN_S, LOOK_EVERY_S, TICKETS_S, Renewal
from gateway.listen.selfsigned import LIFE_S, self_signed
from gateway.listen.tls import ServedCertificate
from tests.instruments.certificates import Authority

HOST = "gw.example.test"


class House:
    """A certificate that is served and looked after, on a clock of the test's own."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = Clock()
        self.began = dt.datetime.now(dt.UTC).timestamp()
        self.served = ServedCertificate(self.first())
        self.reads = 0
        self.trouble: Exception | None = None
        self.renewal = Renewal(
            config,
            self.served,
            clock=self.clock,
            wall=self.wall,
            token_bytes=os.urandom,
            aside=self.aside,
        )
        self.renewal.start()

    def first(self) -> Pair:
        """What is served at the start."""
        if self.config.tls.mode == "files":
            return read_files(self.config, now=self.wall())
        return self_signed(self.config, now=self.wall(), token_bytes=os.urandom)

    def wall(self) -> float:
        """The time of day."""
        return self.began + self.clock.seconds()

    def aside(self, work: Callable[[], Pair]) -> Deferred[Pair]:
        """Count, and do it at once."""
        self.reads += 1
        if self.trouble is not None:
            return fail(self.trouble)
        return execute(work)

    def looks(self, count: int) -> None:
        """So many rounds go by."""
        for _ in range(count):
            self.clock.advance(LOOK_EVERY_S)

    @property
    def serial(self) -> int:
        """Which certificate is served."""
        return self.served.pair.leaf.serial_number


@pytest.fixture
def house(tmp_path: Path, authority: Authority) -> House:
    """A gateway with certificate files."""
    authority.issue(HOST).write(tmp_path)
    path = tmp_path / "gateway.toml"
    path.write_text(
        f'[gateway]\nurl = "https://{HOST}"\n'
        '[tls]\nmode = "files"\ncertificate = "cert.pem"\nprivate_key = "key.pem"\n'
        '[[app]]\nurl = "http://10.0.0.5"\n'
    )
    return House(load(path))


@pytest.fixture
def own(tmp_path: Path) -> House:
    """A gateway with a certificate of its own making."""
    (tmp_path / "data").mkdir(mode=0o700)
    path = tmp_path / "gateway.toml"
    path.write_text(f'[gateway]\nurl = "https://{HOST}"\n[[app]]\nurl = "http://10.0.0.5"\n')
    return House(load(path))


def test_files_that_stay_are_not_read(house: House) -> None:
    """As long as nothing changes, a look is all that is done."""
    house.looks(10)

    assert house.reads == 0


def test_a_renewed_certificate_is_served(
    house: House, tmp_path: Path, authority: Authority
) -> None:
    """A new pair is served within two looks, and the log names it."""
    before = house.serial
    authority.issue(HOST).write(tmp_path)

    with capturedLogs() as logs:
        house.looks(2)

    assert house.serial != before
    assert f"{house.serial:x}" in {event.get("serial") for event in logs}


def test_half_a_change_is_waited_for(house: House, tmp_path: Path, authority: Authority) -> None:
    """A certificate whose key is still being written is no trouble."""
    new = authority.issue(HOST)

    with capturedLogs() as logs:
        (tmp_path / "cert.pem").write_bytes(new.chain)
        house.looks(1)
        (tmp_path / "key.pem").write_bytes(new.private_key)
        house.looks(2)

    assert house.reads == 1
    assert house.serial == read_files(house.config, now=house.wall()).leaf.serial_number
    assert LogLevel.error not in {event["log_level"] for event in logs}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: (path / "cert.pem").write_bytes(b"garbage"), "BEGIN CERTIFICATE"),
        (lambda path: (path / "cert.pem").unlink(), "No such file"),
        (
            lambda path: (path / "key.pem").write_bytes(Authority().issue(HOST).private_key),
            "the key that belongs to",
        ),
        (lambda path: Authority().issue("other.test").write(path), "one for gw.example.test"),
        (
            lambda path: (
                Authority()
                .issue(HOST, ends=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1))
                .write(path)
            ),
            "has not expired",
        ),
    ],
    ids=["garbage", "missing", "foreign-key", "foreign-name", "expired"],
)
def test_a_bad_pair_is_told_once_and_not_served(
    house: House, tmp_path: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    """Whatever is wrong keeps the old pair, and the log says why, once."""
    before = house.serial
    spoil(tmp_path)

    with capturedLogs() as logs:
        house.looks(2 * int(AGAIN_S / LOOK_EVERY_S))

    [told] = [event for event in logs if event["log_level"] is LogLevel.error]
    assert reason in told["reason"]
    assert house.serial == before
    assert house.reads >= 2


def test_what_was_refused_may_become_good(house: House, tmp_path: Path) -> None:
    """A key that could not be read is taken once it can be, though the file is the same."""
    Authority().issue(HOST).write(tmp_path)
    (tmp_path / "key.pem").chmod(0o644)
    with capturedLogs():
        house.looks(2)
    before = house.serial

    (tmp_path / "key.pem").chmod(0o600)
    house.clock.advance(AGAIN_S)

    assert house.serial != before


def test_unforeseen_trouble_keeps_the_old_pair(house: House, tmp_path: Path) -> None:
    """An exception that nobody thought of is logged, and the looks go on."""
    before = house.serial
    house.trouble = MemoryError()
    Authority().issue(HOST).write(tmp_path)
    with capturedLogs() as logs:
        house.looks(2)

    house.trouble = None
    Authority().issue(HOST).write(tmp_path)
    house.looks(2)

    assert [LogLevel.critical] == [event["log_level"] for event in logs]
    assert house.serial != before


def test_ticket_keys_are_changed_each_day(house: House) -> None:
    """Without any renewal the keys of session tickets do not live longer than a day."""
    context, serial = house.served.context, house.serial

    house.clock.advance(TICKETS_S - 1)
    before = house.served.context
    house.clock.advance(LOOK_EVERY_S)

    assert before is context
    assert house.served.context is not context
    assert house.serial == serial


def test_our_own_certificate_is_made_anew_in_time(own: House) -> None:
    """A gateway that runs for months does not let its self-signed certificate expire."""
    before = own.serial
    for _ in range(10):
        own.clock.advance(LIFE_S / 10)

    assert own.serial != before
    assert own.served.pair.expires > own.wall()


def test_after_the_end_nobody_looks(house: House, tmp_path: Path) -> None:
    """At the end of the service the looks end."""
    house.renewal.stop()
    house.renewal.stop()
    Authority().issue(HOST).write(tmp_path)

    house.looks(3)

    assert house.reads == 0
    assert house.clock.getDelayedCalls() == []
