"""
The kinds of value that a setting can have: how each is written, read and described.

A reader takes what TOML gave and returns what the gateway uses, or raises ValueError whose
text completes the sentence "wanted: ...".
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from gateway.config.endpoints import parse_endpoint
from gateway.rules.public import PublicOrigin, parse_origin

T = TypeVar("T")

NAME_LIMIT = 64
"""Characters; authenticators cut an RP's name at 64 bytes (WebAuthn 5.4.1)."""

LATER = "not available in this version"

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:[0-9]{1,9}(?:ms|s|m|h|d))+")
_DURATION_PART = re.compile(r"([0-9]+)(ms|s|m|h|d)")
_BYTES = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_SIZE = re.compile(r"([0-9]{1,12})\s?(B|KB|MB|GB|TB)", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_INTERNAL_NAME = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    """One kind of value, with its name for the documentation."""

    english: str
    japanese: str
    read: Callable[[object], T]


def _as_text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("text in double quotes")  # noqa: TRY004 - told to a person
    return value


def _read_label(value: object) -> str:
    text = unicodedata.normalize("NFC", _as_text(value)).strip()
    if not text or len(text) > NAME_LIMIT:
        raise ValueError(f"a name of 1 to {NAME_LIMIT} characters")
    if any(unicodedata.category(each) in ("Cc", "Zl", "Zp") for each in text):
        raise ValueError("a name on one line")
    return text


def _read_path(value: object) -> Path:
    text = _as_text(value)
    if not text or "\0" in text:
        raise ValueError("a path")
    return Path(text)


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false, without quotes")  # noqa: TRY004 - told to a person
    return value


def _read_endpoint(value: object) -> str:
    text = _as_text(value)
    if text.partition(":")[0] == "systemd":
        raise ValueError(f"tcp: or unix:, for systemd sockets are {LATER}")
    if text:
        parse_endpoint(text)
    return text


def read_duration(value: object) -> float:
    """
    Seconds from "30m", "12h", "1h30m" or "500ms".

    Raises:
        ValueError: anything else, zero among it.
    """
    wanted = 'a duration above zero with its unit, such as "30s", "30m", "12h" or "7d"'
    if not isinstance(value, str) or _DURATION.fullmatch(value) is None:
        raise ValueError(wanted)
    seconds = math.fsum(int(n) * _SECONDS[unit] for n, unit in _DURATION_PART.findall(value))
    if seconds <= 0:
        raise ValueError(wanted)
    return seconds


def read_size(value: object) -> int:
    """
    Bytes from "2GB", "500 MB" or "64KB"; powers of 1024, as file managers count.

    Raises:
        ValueError: anything else, zero among it.
    """
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError('a size above zero with its unit, such as "500MB" or "2GB"')
    return int(match[1]) * _BYTES[match[2].upper()]


def _read_backend(value: object) -> tuple[str, int]:
    """Host and port of `http://host:port`."""
    if isinstance(value, list):
        if len(value) != 1:
            raise ValueError(f"one address; several backends are {LATER}")
        value = value[0]
    return parse_backend(_as_text(value))


def parse_backend(url: str) -> tuple[str, int]:
    """
    Host and port of the app's address.

    Raises:
        ValueError: its text says what is wanted.
    """
    scheme, separator, rest = url.partition("://")
    wanted = "http://HOST or http://HOST:PORT, such as http://10.0.0.5:8080"
    if scheme.lower() == "https":
        raise ValueError(f"http://HOST:PORT; https to the app is {LATER}")
    if scheme.lower() != "http" or not separator:
        raise ValueError(wanted)
    if "/" in rest.removesuffix("/"):
        raise ValueError("http://HOST:PORT without a path: browsers' paths go up unchanged")
    host, port = _host_and_port(rest.removesuffix("/").lower(), wanted)
    return host, port


def _host_and_port(authority: str, wanted: str) -> tuple[str, int]:
    match = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:@]+))(?::([0-9]{1,5}))?", authority)
    if match is None:
        raise ValueError(wanted)
    host, port = match[1] or match[2], int(match[3] or 80)
    if match[2] and _HOST.fullmatch(host) is None:
        raise ValueError(wanted)
    if not 1 <= port <= 65535:
        raise ValueError("a port from 1 to 65535")
    return host, port


def _read_names(value: object) -> tuple[str, ...]:
    wanted = 'a list of names, such as ["groupware.local", "10.0.0.5:8080"]'
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(wanted)
    names = tuple(each.lower() for each in value)
    if not all(_INTERNAL_NAME.fullmatch(each) for each in names):
        raise ValueError(f"{wanted}, without http:// and without a path")
    return names


def _read_origin(value: object) -> PublicOrigin:
    return parse_origin(_as_text(value))


ORIGIN = Kind(english="address", japanese="アドレス", read=_read_origin)
LABEL = Kind(english="text", japanese="文字列", read=_read_label)
PATH = Kind(english="path", japanese="パス", read=_read_path)
FLAG = Kind(english="true or false", japanese="true または false", read=_read_flag)
ENDPOINT = Kind(english="endpoint", japanese="エンドポイント", read=_read_endpoint)
DURATION = Kind(english="duration", japanese="時間", read=read_duration)
SIZE = Kind(english="size", japanese="サイズ", read=read_size)
BACKEND = Kind(english="address", japanese="アドレス", read=_read_backend)
NAMES = Kind(english="list of names", japanese="名前の一覧", read=_read_names)


def choice(*allowed: str, later: tuple[str, ...] = ()) -> Kind[str]:
    """One word out of a few; those in `later` are known and refused."""
    listed = ", ".join(f'"{each}"' for each in allowed)

    def read(value: object) -> str:
        if isinstance(value, str) and value in later:
            raise ValueError(f'{listed}; "{value}" is {LATER}')
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"one of {listed}")
        return value

    return Kind(english=listed, japanese=listed, read=read)
