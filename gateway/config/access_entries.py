"""
All `[[access]]` of the file: how they are read, and which of them cannot be meant.

The keys are those of `access_options`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar, cast

from gateway.config.access_options import TABLE
from gateway.config.option import known_name
from gateway.rules.entries import Entry, Network, Require

ENTRIES_LIMIT = 200
"""Each request whose path is new is compared with all of them."""

V = TypeVar("V")

Mistake = tuple[str, object, str]
"""Key, value seen, value wanted."""

_KEYS = tuple(each.key for each in TABLE.options)


def read_entries(value: object) -> tuple[tuple[Entry, ...], list[Mistake]]:
    """The entries, as far as they can be read, and what is wrong with the others."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        return (), [("access", value, "a table with double brackets, [[access]]")]
    if len(value) > ENTRIES_LIMIT:
        return (), [("[[access]]", f"{len(value)} entries", f"at most {ENTRIES_LIMIT} entries")]
    read = [_read_entry(number, table) for number, table in enumerate(value, 1)]
    mistakes = [mistake for _, mistakes in read for mistake in mistakes]
    return tuple(entry for entry, _ in read if entry is not None), mistakes


def _read_entry(number: int, table: Mapping[str, object]) -> tuple[Entry | None, list[Mistake]]:
    values: dict[str, object] = {}
    mistakes = [
        (label(number, key), seen, known_name(key, _KEYS))
        for key, seen in table.items()
        if key not in _KEYS
    ]
    for option in TABLE.options:
        if option.key in table:
            try:
                values[option.key] = option.kind.read(table[option.key])
            except ValueError as error:
                mistakes.append((label(number, option.key), table[option.key], str(error)))
    if "require" not in table:
        wanted = 'this key, as in require = "deny"'
        mistakes.append((label(number, "require"), dict(table), wanted))
    return (None if mistakes else _entry(values)), mistakes


def label(number: int, key: str) -> str:
    """How messages name a key of the entry of that number, counted from 1."""
    return f"[[access]] {key} (entry {number})"


def _entry(values: Mapping[str, object]) -> Entry:
    def several(key: str) -> tuple[str, ...]:
        return cast("tuple[str, ...]", values.get(key, ()))

    return Entry(
        require=Require(cast("str", values["require"])),
        app=cast("str", values.get("app", "")),
        paths=several("path"),
        methods=several("method"),
        users=several("users"),
        groups=several("groups"),
        networks=cast("tuple[Network, ...]", values.get("networks", ())),
        fresh_s=cast("float | None", values.get("fresh")),
    )


def access_disagreements(entries: Sequence[Entry], apps: Sequence[str]) -> Iterator[Mistake]:
    """Every entry that cannot be meant, with what speaks against it."""
    for number, entry in enumerate(entries, 1):
        if entry.app and entry.app not in apps:
            yield label(number, "app"), entry.app, f"the name of an app: {', '.join(apps)}"
        yield from _contradictions(number, entry)
        for before, other in enumerate(entries[: number - 1], 1):
            if covers(other, entry):
                wanted = f"before entry {before}, which fits whatever this one does"
                yield f"[[access]] entry {number}", entry.require.value, wanted
                break


def _contradictions(number: int, entry: Entry) -> Iterator[Mistake]:
    if entry.require is Require.NONE:
        for key, names in (("users", entry.users), ("groups", entry.groups)):
            if names:
                wanted = 'no such key, since require is "none": strangers have no name'
                yield label(number, key), list(names), wanted
    if entry.fresh_s is not None and entry.require in (Require.NONE, Require.DENY):
        wanted = f'no such key, since require is "{entry.require}"'
        yield label(number, "fresh"), f"{entry.fresh_s:g}s", wanted


def covers(one: Entry, other: Entry) -> bool:
    """Whether all that fits the other entry fits this one, as far as is easily seen."""
    people = not one.names_people or (
        other.names_people
        and set(one.users) >= set(other.users)
        and set(one.groups) >= set(other.groups)
    )
    return (
        people
        and one.app in ("", other.app)
        and _all_within(one.paths, other.paths, _is_path_within)
        and _all_within(one.methods, other.methods, str.__eq__)
        and _all_within(one.networks, other.networks, _is_network_within)
    )


def _all_within(outer: Sequence[V], inner: Sequence[V], is_within: Callable[[V, V], bool]) -> bool:
    """Whether each inner one lies within an outer one; no outer ones mean that all is within."""
    if not outer:
        return True
    return bool(inner) and all(any(is_within(each, one) for one in outer) for each in inner)


def _is_path_within(inner: str, outer: str) -> bool:
    return inner == outer or (outer.endswith("/") and "*" not in outer and inner.startswith(outer))


def _is_network_within(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]
