"""
What `[[access]]` is made of: its entries, whom they judge, and what they say.

Values alone: how entries are put together to a ruling stands in `policy`.
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from gateway.rules.records import Method

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Require(enum.StrEnum):
    """What an entry asks for."""

    ANY = "any"
    """To be signed in, by whatever method."""
    PASSKEY = "passkey"
    DEVICE_BOUND = "device-bound"
    """By a passkey that cannot leave its device (BE = 0)."""
    NONE = "none"
    """Nothing: open to the world."""
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One `[[access]]`; what is empty is not asked about."""

    require: Require
    app: str = ""
    paths: tuple[str, ...] = ()
    """Patterns, see `patterns`."""
    methods: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    """Canonical names."""
    groups: tuple[str, ...] = ()
    """Canonical names."""
    networks: tuple[Network, ...] = ()
    fresh_s: float | None = None
    """How long ago the person may have been verified (UV), at most; None = however long."""

    @property
    def names_people(self) -> bool:
        """Whether it can fit only somebody who is signed in."""
        return bool(self.users or self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the entries may know of somebody who is signed in."""

    name: str
    """Canonical."""
    groups: Collection[str]
    """Canonical."""
    method: Method
    is_device_bound: bool
    """Whether they were last verified by a passkey that cannot leave its device."""
    verified_s: float
    """Seconds since they were last verified."""


class Verdict(enum.IntEnum):
    """What an entry says to somebody; a higher one is stricter."""

    OPEN = 0
    SIGN_IN = 1
    STEP_UP = 2
    DENY = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding:
    """A verdict, the entry it comes from, and a sentence for an administrator."""

    verdict: Verdict
    rule: str
    """The entry's number and text."""
    reason: str
    entry: Entry | None = None
    """None: no entry fits."""


_DEFAULT = "default: signed in"
NOBODY_SAYS = Finding(
    verdict=Verdict.OPEN, rule=_DEFAULT, reason="signed in, and no entry is about this request"
)
STRANGER = Finding(
    verdict=Verdict.SIGN_IN,
    rule=_DEFAULT,
    reason="not signed in, and no entry is about this request",
)


def describe(entry: Entry) -> str:
    """The entry as one line of TOML."""
    said = {
        "path": entry.paths,
        "method": entry.methods,
        "users": entry.users,
        "groups": entry.groups,
        "networks": [str(each) for each in entry.networks],
    }
    app = [f'app = "{entry.app}"'] if entry.app else []
    named = [f"{key} = [{', '.join(_quoted(values))}]" for key, values in said.items() if values]
    fresh = [] if entry.fresh_s is None else [f'fresh = "{entry.fresh_s:g}s"']
    return ", ".join([*app, *named, f'require = "{entry.require}"', *fresh])


def _quoted(values: Iterable[str]) -> list[str]:
    return [f'"{each}"' for each in values]


def reason_of(number: int, entry: Entry, verdict: Verdict) -> str:
    """The sentence that explains a verdict of the entry of that number."""
    if verdict is Verdict.DENY:
        return f"entry {number} refuses everybody whom no entry before it lets in"
    if verdict is Verdict.SIGN_IN:
        return f"not signed in, and entry {number} asks for it"
    if verdict is Verdict.OPEN:
        return f"entry {number} opens it"
    wanted = {
        Require.PASSKEY: "a sign-in by passkey",
        Require.DEVICE_BOUND: "a sign-in by a passkey that is bound to its device",
    }
    asked = [wanted[entry.require]] if entry.require in wanted else []
    if entry.fresh_s is not None:
        asked.append(f"a verification not older than {entry.fresh_s:g} s")
    return f"signed in, but entry {number} asks for {' and '.join(asked)}"
