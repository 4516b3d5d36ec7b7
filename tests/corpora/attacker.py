"""
Sends the rows of a corpus through a real gateway, and looks at what came of it on both sides.

What the app was sent is not believed from the app's own reading: the raw bytes of all its
connections are read again by h11, which is strict and somebody else's. Nothing waits on a
time-out: a request of somebody else (`/marker`) is sent behind each row, and when it has come
through, whatever the row set off has come too.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.corpora.cases import Case, Ours, Passed, Refused, Seen, Waits, written
from tests.instruments.raw_app import RawApp
from tests.instruments.raw_client import Answer, Ending, RawClient, TruncatedError
from tests.rules.http1_readers import Reading, read_request_by_h11
from tests.wire.door import Door

UNKNOWN_TOKEN = b"A" * 43
MARKERS = (b"/marker", b"/in-step")
A_MOMENT_S = 0.002
"""Long enough, after the marker has been round, for what was answered before it."""

TOO_MUCH_BYTES = 60_000
"""Of a row beyond that, the gateway may close before it has read all: the end may be a reset."""


@dataclass(slots=True)
class Outcome:
    """What a row came to."""

    answers: list[Answer] = field(default_factory=list)
    rest: bytes = b""
    ending: Ending | None = None
    """How the connection ended; None if it did not."""
    readings: list[Reading] = field(default_factory=list)
    """Every request in the app's raw bytes, the unfinished ones too, but for the markers."""
    raw: bytes = b""
    """Those raw bytes, the markers' too."""

    @property
    def statuses(self) -> list[int]:
        """Of the answers."""
        return [answer.status for answer in self.answers]

    @property
    def seen(self) -> list[Seen]:
        """The whole requests that the app was sent."""
        whole = [each for each in self.readings if each.is_whole]
        return [Seen(each.start[0], each.start[1], each.body) for each in whole]


class Attacker:
    """One side sends, the other side is looked at; a context manager around one gateway."""

    def __init__(self, door: Door, app: RawApp) -> None:
        self.door = door
        self.app = app
        self._somebody_else = door.connect()

    def close(self) -> None:
        """Leave."""
        self._somebody_else.close()

    def send(
        self,
        case: Case,
        *,
        is_signed_in: bool = True,
        is_one: bool = False,
        cuts: Sequence[int] = (),
    ) -> Outcome:
        """
        Send one row and gather what happened.

        Args:
            is_signed_in: whether `<session>` is a session.
            is_one: look at the first answer only, whatever the row wants.
            cuts: where the row is cut into packets.
        """
        text = written(case.sent, host=self.door.authority, session=self._session(is_signed_in))
        outcome = Outcome()
        self._forget()
        with self.door.connect() as client:
            with contextlib.suppress(OSError):  # closed while the rest was on its way
                client.send(*_pieces(text, cuts))
            self._listen(client, case, outcome, is_one=is_one or not is_signed_in)
            if isinstance(case.wanted, Waits):
                self.mark()
                outcome.rest = client.hear(within_s=A_MOMENT_S)
        self.mark()
        outcome.raw, outcome.readings = self._look()
        return outcome

    def mark(self) -> bytes:
        """Let somebody else's request come through; the body of its answer."""
        answer = self._somebody_else.ask(self.door.head(b"/marker"))
        assert answer.status == 200
        return answer.body

    def _session(self, is_signed_in: bool) -> bytes:
        name, _, token = self.door.cookie.partition(b"=")
        return name + b"=" + (token if is_signed_in else UNKNOWN_TOKEN)

    def _forget(self) -> None:
        """All conversations before are over: the app begins a new page."""
        self.app.connections = [each for each in self.app.connections if not each.is_over.is_set()]
        for connection in self.app.connections:
            connection.received.clear()

    def _listen(self, client: RawClient, case: Case, outcome: Outcome, *, is_one: bool) -> None:
        method = case.sent.partition(b" ")[0]
        wanted = case.wanted
        if isinstance(wanted, Waits):
            return
        count = len(wanted.requests) if isinstance(wanted, Passed) and not is_one else 1
        with contextlib.suppress(TruncatedError):
            for _ in range(count):
                outcome.answers.append(client.read_answer(method=method))
        if isinstance(wanted, Refused) and not is_one:
            outcome.rest, outcome.ending = client.rest()
        elif isinstance(wanted, Passed) and not is_one:
            self._go_on(client, wanted, outcome)

    def _go_on(self, client: RawClient, wanted: Passed, outcome: Outcome) -> None:
        """The connection ends, or another request on it is in step."""
        if wanted.is_closed:
            outcome.rest, outcome.ending = client.rest()
        else:
            outcome.answers.append(client.ask(self.door.head(b"/in-step")))

    def _look(self) -> tuple[bytes, list[Reading]]:
        raw, readings = b"", []
        for connection in list(self.app.connections):
            received = bytes(connection.received)
            raw += received
            readings += [each for each in _requests(received) if each.start[1] not in MARKERS]
        return raw, readings


def _requests(received: bytes) -> Iterator[Reading]:
    while received:
        reading = read_request_by_h11(received)
        yield reading
        received = reading.rest if reading.is_whole else b""


def _pieces(text: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = sorted({0, len(text), *(cut for cut in cuts if 0 < cut < len(text))})
    return [text[start:end] for start, end in itertools.pairwise(places)]


def assert_nobody_fooled(outcome: Outcome, door: Door) -> None:
    """What holds for every row: no second request, no cookie of ours, no doubtful framing."""
    assert b"/smuggled" not in [each.target for each in outcome.seen]
    assert door.cookie.partition(b"=")[2] not in outcome.raw
    assert UNKNOWN_TOKEN not in outcome.raw
    for reading in outcome.readings:
        names = [name.replace(b"_", b"-") for name, _ in reading.fields]
        for once in (b"host", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"):
            assert names.count(once) == 1, reading
        assert names.count(b"content-length") + names.count(b"transfer-encoding") <= 1, reading


def assert_as_wanted(case: Case, outcome: Outcome, door: Door) -> None:
    """What the row says of somebody who is signed in."""
    assert_nobody_fooled(outcome, door)
    wanted = case.wanted
    if isinstance(wanted, Passed):
        in_step = [] if wanted.is_closed else [200]
        assert [200] * len(wanted.requests) + in_step == outcome.statuses
        assert list(wanted.requests) == outcome.seen
        return
    assert [] == outcome.seen
    if isinstance(wanted, Refused):
        assert [] == outcome.readings
        assert len(outcome.answers) == 1, outcome
        assert outcome.statuses[0] in wanted.statuses
        _assert_closed(case, outcome)
    elif isinstance(wanted, Ours):
        assert [] == outcome.readings
        assert outcome.statuses[0] < 500
    else:
        assert (b"", []) == (outcome.rest, outcome.answers)


def assert_stranger_gets_nothing(case: Case, outcome: Outcome, door: Door) -> None:
    """What holds for every row that a stranger sends: the app sees not one byte of it."""
    assert_nobody_fooled(outcome, door)
    assert [] == outcome.readings
    assert all(400 <= status < 600 for status in outcome.statuses), outcome.statuses
    if isinstance(case.wanted, Refused):
        assert outcome.statuses[0] in case.wanted.statuses
    elif isinstance(case.wanted, Passed):
        assert 401 == outcome.statuses[0]


def _assert_closed(case: Case, outcome: Outcome) -> None:
    endings = (
        (Ending.CLOSED, Ending.RESET) if len(case.sent) > TOO_MUCH_BYTES else (Ending.CLOSED,)
    )
    assert b"" == outcome.rest
    assert outcome.ending in endings
