r"""
Every path that some app could read in the path of a request.

Theory. The gateway hands the target on to the byte, so what a rule about paths must know is
what the app will make of it: apps decode `%2F` or do not, resolve `..` before or after, drop
`;` parameters, take `\` for `/`, skip empty parts, ask a file system that ignores trailing
dots. Which of these an app does nobody knows, least of all the person who wrote the rule.

1. A path of ordinary characters has one reading: itself.
2. `%xx` of a character without a role in paths is that character (RFC 3986 6.2.2.2): so
   `/%E7%B5%8C%E7%90%86/` and `/%61` are ordinary, too.
3. The readings of any other path are all that the steps below make of it, each applied as often
   and in whatever order. Each step is something that servers really do.
4. A path is unclear, and may be any path, if it is no UTF-8, has a control character, looks like
   a short name of DOS (`ADMINI~1`), is longer than `LENGTH_LIMIT`, or has more readings than
   `READINGS_LIMIT`.

What follows from it stands in `policy`: the strictest ruling of all readings counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote

LENGTH_LIMIT = 1024
"""Characters of a path, decoded; twice what any URL of the apps we know has."""

ESCAPED_LIMIT_BYTES = 9 * LENGTH_LIMIT
"""The same as it is sent: a Japanese character takes three bytes, each written as `%xx`."""

READINGS_LIMIT = 16
"""An honest path has up to four. Finding so many takes at most some milliseconds."""

_ORDINARY = rb"[A-Za-z0-9_!$&')*,=@-]"
_is_ordinary = re.compile(
    rb"(?:/(?:" + _ORDINARY + rb"|~(?![0-9])|\.(?=" + _ORDINARY + rb"|~))++)*+/?+"
).fullmatch

_escape = re.compile(rb"%([0-9A-Fa-f]{2})")
_WITH_A_ROLE = frozenset(b"/\\%;?#") | set(range(0x20)) | {0x7F}
_unicode_escape = re.compile(r"%[uU]([0-9A-Fa-f]{4})")
_control = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]").search
_short_name = re.compile(r"/[^/.~]{1,6}~[0-9]{1,6}(?:\.[^/.]{0,3})?(?=/|$)").search
_several_slashes = re.compile(r"/{2,}")
_authority = re.compile(r"//[^/]*")
_parameters = re.compile(r";[^/]*")
_stream = re.compile(r":[^/]*\$[^/]*")
_session_in_path = re.compile(r"/\((?:[A-Za-z]\([^)/]*\))+\)(?=/|$)")

_LOOK_ALIKE = str.maketrans(
    {
        "\N{FULLWIDTH SOLIDUS}": "/",
        "\N{DIVISION SLASH}": "/",
        "\N{FRACTION SLASH}": "/",
        "\N{FULLWIDTH REVERSE SOLIDUS}": "\\",
        "\N{YEN SIGN}": "\\",
        "\N{FULLWIDTH YEN SIGN}": "\\",
        "\N{WON SIGN}": "\\",
        "\N{FULLWIDTH WON SIGN}": "\\",
        "\N{FULLWIDTH FULL STOP}": ".",
        "\N{ONE DOT LEADER}": ".",
        "\N{TWO DOT LEADER}": "..",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{FULLWIDTH PERCENT SIGN}": "%",
        "\N{FULLWIDTH SEMICOLON}": ";",
        "\N{FULLWIDTH QUESTION MARK}": "?",
        "\N{FULLWIDTH NUMBER SIGN}": "#",
    }
)
"""What the tables of Windows ("best fit") and NFKC turn into a character with a role."""


class _UnclearError(Exception):
    """The path may be any path."""


def readings(path: bytes) -> tuple[str, ...] | None:
    """
    What the path of a target can be read as; None where it is unclear.

    Args:
        path: of the target, to the byte, without the query.
    """
    if len(path) <= LENGTH_LIMIT and _is_ordinary(path):
        return (path.decode("ascii"),)
    if len(path) > ESCAPED_LIMIT_BYTES:
        return None
    try:
        return _closure(_without_needless_escapes(path))
    except (_UnclearError, UnicodeDecodeError):
        return None


def _closure(first: str) -> tuple[str, ...]:
    """The path, and whatever the steps make of it."""
    found = [_checked(first)]
    for reading in found:  # which grows meanwhile
        for step in _STEPS:
            made = step(reading) or "/"
            if made not in found:
                if len(found) == READINGS_LIMIT:
                    raise _UnclearError
                found.append(_checked(made))
    return tuple(found)


def _checked(path: str) -> str:
    if len(path) > LENGTH_LIMIT or _control(path) or _short_name(path):
        raise _UnclearError
    return path


def _without_needless_escapes(path: bytes) -> str:
    def plain(match: re.Match[bytes]) -> bytes:
        byte = int(match[1], 16)
        return match[0].upper() if byte in _WITH_A_ROLE else bytes((byte,))

    return _escape.sub(plain, path).decode("utf-8")


def _decode(path: str) -> str:
    """Whatever is still escaped, once; the next time around finds what was escaped twice."""
    if "%" not in path:
        return path
    return unquote(_unicode_escape.sub(_unicode_character, path), errors="strict")


def _unicode_character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _turn_backslashes(path: str) -> str:
    return path.replace("\\", "/")


def _see_look_alikes(path: str) -> str:
    """As Windows converts what its code page lacks; invisible characters are not seen."""
    if path.isascii():
        return path
    seen = path.translate(_LOOK_ALIKE)
    return "".join(each for each in seen if unicodedata.category(each) != "Cf")


def _merge_slashes(path: str) -> str:
    return _several_slashes.sub("/", path)


def _drop_authority(path: str) -> str:
    """As a URL parser does that is given a path where it expects a URL (RFC 3986 4.2)."""
    return _authority.sub("", path, count=1) if path.startswith("//") else path


def _drop_parameters(path: str) -> str:
    """As servlet containers do."""
    return _parameters.sub("", path)


def _cut(path: str) -> str:
    """As who decodes first, and looks for the query after it."""
    return path.partition("?")[0].partition("#")[0]


def _resolve_dots(path: str) -> str:
    """See RFC 3986 5.2.4."""
    if "/." not in path:
        return path
    parts = path.split("/")
    kept: list[str] = []
    for part in parts[1:]:
        if part == "..":
            kept = kept[:-1]
        elif part != ".":
            kept.append(part)
    tail = "/" if parts[-1] in (".", "..") and kept else ""
    return "/" + "/".join(kept) + tail


def _trim_like_windows(path: str) -> str:
    """Neither blanks and dots at a part's end are seen there, nor the name of a stream (NTFS)."""
    return "/".join(_trimmed(part) for part in _stream.sub("", path).split("/"))


def _trimmed(part: str) -> str:
    if part in ("", ".", ".."):
        return part
    return part.rstrip(". ") or (".." if part.count(".") > 1 else ".")


def _drop_session_in_path(path: str) -> str:
    """As ASP.NET does where it keeps no cookies: `/(S(abc))/report`."""
    return _session_in_path.sub("", path)


def _plus_is_blank(path: str) -> str:
    return path.replace("+", " ")


_STEPS: tuple[Callable[[str], str], ...] = (
    _decode,
    _turn_backslashes,
    _see_look_alikes,
    _merge_slashes,
    _drop_authority,
    _drop_parameters,
    _cut,
    _resolve_dots,
    _trim_like_windows,
    _drop_session_in_path,
    _plus_is_blank,
)
