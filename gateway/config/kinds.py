"""
The kinds of value that a setting can have: how each is written, read and described.

A reader takes what TOML gave and returns what the gateway uses, or raises ValueError whose
text completes the sentence "wanted: ...".
"""

from __future__ import annotations

import ipaddress
import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from gateway.config.endpoints import parse_endpoint
from gateway.rules.backends import Backend
from gateway.rules.public import DEFAULT_PORTS, PublicOrigin, parse_origin

T = TypeVar("T")

NAME_LIMIT = 64
"""Characters; authenticators cut an RP's name at 64 bytes (WebAuthn 5.4.1)."""

BACKENDS_LIMIT = 32
"""More are a cluster with a balancer of its own; each request looks at all of them."""

WEIGHT_LIMIT = 1000

LATER = "not available in this version"

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:[0-9]{1,9}(?:ms|s|m|h|d))+")
_DURATION_PART = re.compile(r"([0-9]+)(ms|s|m|h|d)")
_BYTES = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_SIZE = re.compile(r"([0-9]{1,12})\s?(B|KB|MB|GB|TB)", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_URL_PATH = re.compile(r"/[!-\"$-~]{0,1023}")
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


def _read_backends(value: object) -> tuple[Backend, ...]:
    """The app's addresses, each `http://host:port` or `https://host:port`."""
    written = value if isinstance(value, list) else [value]
    if not 1 <= len(written) <= BACKENDS_LIMIT:
        raise ValueError(f"1 to {BACKENDS_LIMIT} addresses")
    backends = tuple(parse_backend(_as_text(each)) for each in written)
    if len({(each.host, each.port) for each in backends}) < len(backends):
        raise ValueError("each address once; weights say who is given more")
    return backends


def parse_backend(url: str) -> Backend:
    """
    The app's address, taken apart.

    Raises:
        ValueError: its text says what is wanted.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    wanted = "http://HOST or http://HOST:PORT, such as http://10.0.0.5:8080, or https"
    if scheme not in DEFAULT_PORTS or not separator:
        raise ValueError(wanted)
    if "/" in rest.removesuffix("/"):
        raise ValueError(f"{scheme}://HOST:PORT without a path: browsers' paths go up unchanged")
    host, port = _host_and_port(rest.removesuffix("/").lower(), wanted)
    return Backend(scheme=scheme, host=host, port=port or DEFAULT_PORTS[scheme])


def _host_and_port(authority: str, wanted: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:@]+))(?::([0-9]{1,5}))?", authority)
    if match is None:
        raise ValueError(wanted)
    host, port = match[1] or match[2], None if match[3] is None else int(match[3])
    if not (_is_ipv6(host) if match[1] else _HOST.fullmatch(host)):
        raise ValueError(wanted)
    if port is not None and not 1 <= port <= 65535:
        raise ValueError("a port from 1 to 65535")
    return host, port


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False


def _read_weights(value: object) -> tuple[int, ...]:
    wanted = f"a list of whole numbers from 1 to {WEIGHT_LIMIT}, such as [3, 1]"
    if not isinstance(value, list):
        raise ValueError(wanted)  # noqa: TRY004 - told to a person
    return tuple(_whole_number(each, WEIGHT_LIMIT, wanted) for each in value)


def _whole_number(value: object, most: int, wanted: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise ValueError(wanted)
    return value


def count(most: int) -> Kind[int]:
    """A whole number from 1."""

    def read(value: object) -> int:
        return _whole_number(value, most, f"a whole number from 1 to {most}, without quotes")

    return Kind(english="whole number", japanese="整数", read=read)


def _read_host(value: object) -> str:
    text = _as_text(value).lower()
    if text and not (_HOST.fullmatch(text) or _is_ipv6(text)):
        raise ValueError("a DNS name or an IP address, without https:// and without a port")
    return text


def _read_url_path(value: object) -> str:
    text = _as_text(value)
    if text and _URL_PATH.fullmatch(text) is None:
        raise ValueError('a path that begins with "/", such as "/health"; ASCII, no blanks, no #')
    return text


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
BACKENDS = Kind(
    english="address, or list of addresses",
    japanese="アドレス、またはその一覧",
    read=_read_backends,
)
WEIGHTS = Kind(english="list of whole numbers", japanese="整数の一覧", read=_read_weights)
HOST = Kind(english="host name", japanese="ホスト名", read=_read_host)
URL_PATH = Kind(english="path of a URL", japanese="URL のパス", read=_read_url_path)
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
