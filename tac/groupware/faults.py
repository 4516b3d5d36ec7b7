"""
Misbehaviour on demand: what a broken app does to the proxy in front of it.

Faults are set through the control port only, never by a magic address, so that a test can spoil
any answer of the app without touching the request.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

KINDS = ("cut", "reset", "silence", "slow", "nonsense", "raw")
ENDINGS = ("cut", "reset", "silence", "linger")
"""Close; TCP reset; hold the connection without a word; end our side but read on."""
NONSENSE = b"\x16\x03\x01 this is not HTTP \xff\xfe\r\nat all\r\n\r\n"


class BadFaultError(Exception):
    """The control port was asked for a fault that does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to spoil an answer."""

    kind: str
    path: bytes = b""
    """Beginning of the raw targets it meets; empty = all."""
    times: int = 1
    """How many answers it spoils; 0 = until it is taken back."""
    after_bytes: int = 0
    """cut, reset, silence: so many bytes of the answer, head included, still go out."""
    seconds: float = 0.0
    """slow: the wait before the first byte."""
    raw: bytes = NONSENSE
    """raw, nonsense: sent in place of the answer."""
    then: str = "cut"
    """What follows the raw bytes: one of ``ENDINGS``."""
    early: bool = False
    """True: strikes as soon as the head is in, before the request's body is read."""


def fault_from(asked: dict[str, object]) -> Fault:
    """Read a fault from the control port's JSON."""
    kind = str(asked.get("kind"))
    then = str(asked.get("then", "cut"))
    if kind not in KINDS or then not in ENDINGS:
        raise BadFaultError(f"kind {kind!r} must be one of {KINDS}, then {then!r} of {ENDINGS}")
    return Fault(
        kind=kind,
        path=str(asked.get("path", "")).encode("latin-1"),
        times=int(str(asked.get("times", 1))),
        after_bytes=int(str(asked.get("after_bytes", 0))),
        seconds=float(str(asked.get("seconds", 0))),
        raw=str(asked["raw"]).encode("latin-1") if "raw" in asked else NONSENSE,
        then=then,
        early=bool(asked.get("early")),
    )


class Faults:
    """The faults that wait for their request, in the order in which they were set."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Set one more fault."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Take all faults back."""
        self._waiting.clear()

    def take(self, target: bytes) -> Fault | None:
        """The fault that meets this target, used up once."""
        for place, fault in enumerate(self._waiting):
            if target.startswith(fault.path):
                self._use(place, fault)
                return fault
        return None

    def _use(self, place: int, fault: Fault) -> None:
        if fault.times == 1:
            del self._waiting[place]
        elif fault.times > 1:
            self._waiting[place] = replace(fault, times=fault.times - 1)
