"""
What is said on the line between the main process and a worker: Twisted's AMP commands.

The line is a pair of connected sockets that only these two processes have, so nobody else
can say anything on it. AMP keeps what is said in order: whoever hears that a session ended
has heard before that it opened.
"""

from __future__ import annotations

import json
import struct
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any, ClassVar

from twisted.protocols import amp

from gateway.errors import GatewayError
from gateway.rules.records import Method, Person, PersonId, Session, TokenHash
from gateway.store.table import LiveSession

PART_BYTES = 60_000
"""AMP carries values of up to 65,535 bytes; what is longer is sent in several."""

HASH_BYTES = 32

_USE = struct.Struct("=32sd")


class Bytes(amp.Argument):
    """Bytes of any length, in as many values as it takes."""

    def toBox(self, name: bytes, strings: Any, objects: Any, proto: object) -> None:
        """Put the parts into a message, as `name`, `name.1`, `name.2` …"""
        value = self.toString(objects[name.decode("ascii")])
        for start in range(0, max(len(value), 1), PART_BYTES):
            strings[_part(name, start // PART_BYTES)] = value[start : start + PART_BYTES]

    def fromBox(self, name: bytes, strings: Any, objects: Any, proto: object) -> None:
        """Join the parts that are in a message."""
        parts: list[bytes] = []
        while (part := strings.pop(_part(name, len(parts)), None)) is not None:
            parts.append(part)
        objects[name.decode("ascii")] = self.fromString(b"".join(parts))

    def toString(self, value: Any) -> bytes:
        """As it is."""
        return bytes(value)

    def fromString(self, value: bytes) -> Any:
        """As it is."""
        return value


def _part(name: bytes, number: int) -> bytes:
    return b"%b.%d" % (name, number) if number else name


class Hashes(Bytes):
    """Tokens of sessions, in the form in which they are stored."""

    def toString(self, value: Iterable[TokenHash]) -> bytes:
        """One behind the other."""
        return b"".join(value)

    def fromString(self, value: bytes) -> list[TokenHash]:
        """Cut into their length."""
        starts = range(0, len(value), HASH_BYTES)
        return [TokenHash(value[start : start + HASH_BYTES]) for start in starts]


def pack_uses(uses: Iterable[tuple[TokenHash, float]]) -> bytes:
    """Sessions and when they were used, by the clock that all processes here share."""
    return b"".join(_USE.pack(token_hash, used) for token_hash, used in uses)


def unpack_uses(packed: bytes) -> Iterable[tuple[TokenHash, float]]:
    """What `pack_uses` was given."""
    return _USE.iter_unpack(packed)


class Sessions(Bytes):
    """
    Open sessions and whose they are, as JSON.

    Without what only our pages show (address, user agent) or need (credential): a worker has
    no pages, and at a hundred thousand sessions each byte counts N times. When a person was
    verified goes as a reading of the clock that all processes here share.
    """

    def toString(self, value: Iterable[LiveSession]) -> bytes:
        """One list for each session, one for each person."""
        lives = list(value)
        people = {live.person.id: _person_list(live.person) for live in lives}
        sessions = [_session_list(live) for live in lives]
        return json.dumps([list(people.values()), sessions], separators=(",", ":")).encode()

    def fromString(self, value: bytes) -> list[LiveSession]:
        """The sessions, with their people."""
        listed, sessions = json.loads(value)
        people = {person.id: person for person in map(_person, listed)}
        return [_live(each, people) for each in sessions]


class People(Bytes):
    """People as they are now, as JSON."""

    def toString(self, value: Iterable[Person]) -> bytes:
        """One list for each."""
        people = [_person_list(each) for each in value]
        return json.dumps(people, separators=(",", ":")).encode()

    def fromString(self, value: bytes) -> list[Person]:
        """The people."""
        return [_person(each) for each in json.loads(value)]


def _person_list(person: Person) -> list[object]:
    handle = b64encode(person.user_handle).decode("ascii")
    return [
        person.id,
        person.name,
        person.display_name,
        handle,
        person.enabled,
        person.created,
        person.mail,
        person.language,
        person.groups,
    ]


def _person(listed: list[Any]) -> Person:
    person_id, name, display_name, handle, enabled, created, mail, language, groups = listed
    return Person(
        id=PersonId(person_id),
        name=name,
        display_name=display_name,
        user_handle=b64decode(handle),
        enabled=enabled,
        created=created,
        mail=mail,
        language=language,
        groups=tuple(groups),
    )


def _session_list(live: LiveSession) -> list[object]:
    session = live.session
    return [
        session.token_hash.hex(),
        session.id,
        session.person_id,
        session.method.value,
        session.is_device_bound,
        session.created,
        live.begun,
        live.used,
        live.verified,
    ]


def _live(listed: list[Any], people: dict[PersonId, Person]) -> LiveSession:
    token_hash, session_id, person_id, method, is_device_bound = listed[:5]
    created, begun, used, verified = listed[5:]
    session = Session(
        id=session_id,
        token_hash=TokenHash(bytes.fromhex(token_hash)),
        person_id=PersonId(person_id),
        method=Method(method),
        credential_id=None,
        address="",
        user_agent="",
        created=created,
        last_used=created,
        is_device_bound=is_device_bound,
    )
    person = people[session.person_id]
    return LiveSession(session, person, begun=begun, used=used, verified=verified)


class Command(amp.Command):
    """What all have in common."""

    arguments: ClassVar[list[tuple[bytes, amp.Argument]]] = []
    response: ClassVar[list[tuple[bytes, amp.Argument]]] = []


class Telling(Command):
    """What nobody waits for an answer to."""

    requiresAnswer = False


# Main process to worker: sessions


class Open(Command):
    """Let these sessions in; answered when the worker does."""

    arguments: ClassVar = [(b"sessions", Sessions())]


class End(Command):
    """These sessions are dead; answered when the worker refuses them."""

    arguments: ClassVar = [(b"token_hashes", Hashes())]


class Renew(Command):
    """A session lives on under another token; answered when the worker refuses the old one."""

    arguments: ClassVar = [(b"old", Hashes()), (b"sessions", Sessions())]


class ChangePeople(Command):
    """These people are shown like this from now on; answered when the worker does."""

    arguments: ClassVar = [(b"people", People())]


class NoteUses(Telling):
    """Both ways: these sessions were used; what the main process hears it passes on."""

    arguments: ClassVar = [(b"packed", Bytes())]


# Main process to worker: its life


class Serve(Command):
    """All sessions were told: take connections from now on; answered when it does."""

    errors: ClassVar = {GatewayError: b"GATEWAY"}


class Ping(Command):
    """Are you well? Answered with the number of connections."""

    response: ClassVar = [(b"connections", amp.Integer())]


class Leave(Command):
    """Close all connections and end; answered when that is done."""


# Worker to main process: a browser asks for a page of ours


class Ask(Telling):
    """A request has begun: its head, and from where it came."""

    arguments: ClassVar = [
        (b"visit", amp.Integer()),
        (b"address", amp.Unicode()),
        (b"in_place", amp.Boolean()),
        (b"need", amp.Unicode()),
        (b"head", Bytes()),
        (b"body", Bytes()),
        (b"is_last", amp.Boolean()),
    ]


class Send(Telling):
    """More of the request's body."""

    arguments: ClassVar = [
        (b"visit", amp.Integer()),
        (b"body", Bytes()),
        (b"is_last", amp.Boolean()),
    ]


class Abandon(Telling):
    """The browser has gone."""

    arguments: ClassVar = [(b"visit", amp.Integer())]


# Main process to worker: the page


class Write(Telling):
    """Bytes for the browser, as they are."""

    arguments: ClassVar = [(b"visit", amp.Integer()), (b"data", Bytes())]


class Fail(Telling):
    """Write the gateway's own answer of that status."""

    arguments: ClassVar = [(b"visit", amp.Integer()), (b"status", amp.Integer())]


class Done(Telling):
    """The answer is written; the browser may or may not go on with its connection."""

    arguments: ClassVar = [(b"visit", amp.Integer()), (b"is_persistent", amp.Boolean())]


class Cut(Telling):
    """Tear the browser's connection down."""

    arguments: ClassVar = [(b"visit", amp.Integer())]
