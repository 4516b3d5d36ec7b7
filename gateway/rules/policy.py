"""
`[[access]]`: who may go where, entry by entry.

Theory. The entries are looked at in their order, and the first that fits decides. Where none
fits, whoever is signed in may pass. An entry fits if all that it names fits: path, method,
network, and the person (one of `users`, or a member of one of `groups`). Who is not signed in is
nobody, so an entry that names people does not fit strangers.

1. A path can often be read in several ways (`readings`). An entry fits for certain if every
   reading is covered by its patterns to the letter. It fits perhaps if any reading is, however
   cases are written, or lies below a pattern (`/report.cgi/x` may be the program /report.cgi).
2. Every entry that fits, even perhaps, has its say, up to the first that fits for certain; the
   strictest of them counts. So whatever the app makes of a path, the ruling is never laxer than
   the one for what it makes of it.
3. The same for an address that cannot be read, and for a method that a field overrides.
4. Where a stranger would be refused, but an earlier entry would let some people in, the stranger
   is asked to sign in.

It must not know of sessions or sockets: it is told the address and, when asked for, who it is.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from gateway.rules.entries import (
    NOBODY_SAYS,
    STRANGER,
    Entry,
    Finding,
    Require,
    Standing,
    Verdict,
    describe,
    reason_of,
)
from gateway.rules.http1 import FieldBlock, RequestHead
from gateway.rules.patterns import folded, matcher
from gateway.rules.readings import readings
from gateway.rules.records import Method

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

KNOWN_PATHS = 4096
KNOWN_PATH_BYTES = 512
"""For so many paths it is remembered which entries they concern: at most some 4 MB."""

KNOWN_PEERS = 4096


_IN_DOUBT = "; the request can be read in several ways, and the strictest counts"

_overriding = re.compile(
    rb"\r\nx[^:\w](?:http[^:\w]method(?:[^:\w]override)?|method[^:\w]override)[ \t]*:",
    re.IGNORECASE,
).search


class Policy:
    """All entries, ready to be asked about each request."""

    __slots__ = ("_known_paths", "_known_peers", "_rules")

    def __init__(self, entries: Iterable[Entry] = (), *, app: str = "") -> None:
        """
        Take the entries up.

        Args:
            entries: in the order of the file.
            app: the app that is asked for; entries for other apps are left out.
        """
        self._rules = tuple(
            _Rule(number, entry)
            for number, entry in enumerate(entries, 1)
            if entry.app in ("", app)
        )
        self._known_paths = lru_cache(KNOWN_PATHS)(self._about)
        self._known_peers = lru_cache(KNOWN_PEERS)(self._from)

    def __bool__(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self._rules)

    def judge(
        self, head: RequestHead, *, peer: str, standing: Callable[[], Standing] | None
    ) -> Finding:
        """
        What becomes of a request for the app.

        Args:
            head: the request.
            peer: the browser's address.
            standing: who it is, called at most once and only if needed; None for a stranger.
        """
        path = head.target.partition(b"?")[0]
        look = self._known_paths if len(path) <= KNOWN_PATH_BYTES else self._about
        fitting: Sequence[_Fit] = look(path)
        if not fitting:
            return STRANGER if standing is None else NOBODY_SAYS
        for rule, _ in fitting:
            if rule.is_narrow:
                fitting = self._narrowed(fitting, head, peer)
                break
        return _for_stranger(fitting) if standing is None else _for_person(fitting, standing())

    def _about(self, path: bytes) -> tuple[_Fit, ...]:
        """The entries that fit this path, up to the first that leaves no other a say."""
        seen = readings(path)
        fits = []
        for rule in self._rules:
            certainty = rule.covers(seen)
            if certainty is not None:
                fits.append((rule, certainty))
                if certainty and not (rule.is_narrow or rule.names_people):
                    break
        return tuple(fits)

    def _from(self, peer: str) -> dict[_Rule, bool | None]:
        """Which entries fit that address: for certain, perhaps (an address unread), or not."""
        address = _address(peer)
        return {rule: rule.is_near(address) for rule in self._rules if rule.networks}

    def _narrowed(self, fitting: Sequence[_Fit], head: RequestHead, peer: str) -> list[_Fit]:
        """Those of them that fit method and address, too."""
        narrowed = []
        for rule, certainty in fitting:
            is_certain = certainty
            if rule.methods:
                if _is_overridden(head.block):
                    is_certain = False
                elif head.method not in rule.methods:
                    continue
            if rule.networks:
                nearness = self._known_peers(peer)[rule]
                if nearness is None:
                    continue
                is_certain &= nearness
            narrowed.append((rule, is_certain))
        return narrowed


def _for_stranger(fitting: Sequence[_Fit]) -> Finding:
    strictest, for_some = None, None
    for rule, is_certain in fitting:
        if rule.names_people:
            if for_some is None and rule.entry.require is not Require.DENY:
                for_some = rule
            continue
        verdict = rule.verdict_on_stranger()
        finding = rule.finding(verdict, is_certain)
        if verdict is Verdict.DENY and for_some is not None:
            finding = for_some.finding(Verdict.SIGN_IN, is_certain)
        if strictest is None or finding.verdict > strictest.verdict:
            strictest = finding
        if is_certain:
            return strictest
    return STRANGER if strictest is None else _stricter(strictest, STRANGER)


def _for_person(fitting: Sequence[_Fit], who: Standing) -> Finding:
    strictest = None
    for rule, is_certain in fitting:
        if not rule.concerns(who):
            continue
        verdict = rule.verdict_on(who)
        if strictest is None or verdict > strictest.verdict:
            strictest = rule.finding(verdict, is_certain)
        if is_certain:
            return strictest
    return strictest or NOBODY_SAYS


def _stricter(one: Finding, other: Finding) -> Finding:
    return one if one.verdict >= other.verdict else other


class _Rule:
    """An entry, ready to be asked."""

    __slots__ = (
        "_certain",
        "_findings",
        "_groups",
        "_perhaps",
        "_users",
        "entry",
        "is_narrow",
        "methods",
        "names_people",
        "networks",
    )

    def __init__(self, number: int, entry: Entry) -> None:
        self.entry = entry
        self.networks = entry.networks
        self.names_people = entry.names_people
        self._users, self._groups = frozenset(entry.users), frozenset(entry.groups)
        self._certain, self._perhaps = matcher(entry.paths)
        self.methods = frozenset(each.encode("ascii") for each in entry.methods)
        if b"GET" in self.methods:
            self.methods |= {b"HEAD"}
        self.is_narrow = bool(entry.methods or entry.networks)
        """Whether it asks for more of a request than its path."""
        text = f"entry {number}: {describe(entry)}"
        self._findings = {
            (verdict, is_certain): Finding(
                verdict=verdict,
                rule=text,
                reason=reason_of(number, entry, verdict) + ("" if is_certain else _IN_DOUBT),
                entry=entry,
            )
            for verdict in Verdict
            for is_certain in (True, False)
        }

    def covers(self, seen: tuple[str, ...] | None) -> bool | None:
        """Whether a path fits: True for certain, False perhaps, None not."""
        if not self.entry.paths or "/" in self.entry.paths:
            return True
        if seen is None:
            return False
        if all(self._certain(each) for each in seen):
            return True
        return False if any(self._perhaps(folded(each)) for each in seen) else None

    def is_near(self, address: _Address | None) -> bool | None:
        """Whether an address fits: True for certain, False perhaps, None not."""
        if address is None:
            return False
        return True if any(address in each for each in self.networks) else None

    def concerns(self, who: Standing) -> bool:
        """Whether the entry is about that person."""
        if not self.names_people:
            return True
        return who.name in self._users or not self._groups.isdisjoint(who.groups)

    def verdict_on(self, who: Standing) -> Verdict:
        """What the entry says to somebody who is signed in."""
        require, fresh_s = self.entry.require, self.entry.fresh_s
        if require is Require.DENY:
            return Verdict.DENY
        if require is Require.PASSKEY and who.method is not Method.PASSKEY:
            return Verdict.STEP_UP
        if require is Require.DEVICE_BOUND and not who.is_device_bound:
            return Verdict.STEP_UP
        return Verdict.OPEN if fresh_s is None or who.verified_s <= fresh_s else Verdict.STEP_UP

    def verdict_on_stranger(self) -> Verdict:
        """What the entry says to somebody who is not."""
        if self.entry.require is Require.DENY:
            return Verdict.DENY
        return Verdict.OPEN if self.entry.require is Require.NONE else Verdict.SIGN_IN

    def finding(self, verdict: Verdict, is_certain: bool) -> Finding:
        """The verdict with its explanation."""
        return self._findings[verdict, is_certain]


_Fit = tuple[_Rule, bool]
"""An entry, and whether it fits for certain."""


def _address(peer: str) -> _Address | None:
    """The address, IPv4 also where it comes in an IPv6 one; None for what is none."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_overridden(block: FieldBlock) -> bool:
    """Whether some apps would act by another method than the request line's."""
    raw = block.raw
    return b"ethod" in raw.lower() and _overriding(raw) is not None
