"""
Secrets at rest: sealed with a key that is kept apart from the database.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. A sealed value reads

    version 1 | key id 8 | place 8 | nonce 12 | ciphertext and tag      (lengths in bytes)

and all of its head, with the full name of its place (table, column, row), is associated
data. So a value opens in its own place only: copied to another row it is refused, and the
eight bytes that name the place tell a moved value from a damaged one. Keys are a list,
newest first: seal with the first, open with any, and rotation is one more line in a file.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import enum
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import StoreError

KEY_BYTES = 32
NONCE_BYTES = 12
"""NIST SP 800-38D 8.2.2: random nonces of 96 bits are safe for 2**32 seals with one key."""

_VERSION = b"\x01"
_NAME_BYTES = 8
_HEAD_BYTES = len(_VERSION) + 2 * _NAME_BYTES
_KEY_FILE_LIMIT_BYTES = 65536


class Fault(enum.StrEnum):
    """What is wrong with a sealed value."""

    UNKNOWN_KEY = "unknown key"
    MOVED = "moved"
    DAMAGED = "damaged"


class SealError(StoreError):
    """A sealed value does not open: wrong key, another's place, or not what was written."""

    def __init__(self, fault: Fault, place: str) -> None:
        self.fault = fault
        self.place = place
        super().__init__(_WORDS[fault].format(place=place))


_WORDS = {
    Fault.UNKNOWN_KEY: "The secret at {place} was sealed with a key that is not in the key file.",
    Fault.MOVED: "The secret at {place} was sealed for another place and is refused.",
    Fault.DAMAGED: "The secret at {place} is damaged or was tampered with.",
}


class Sealer:
    """Seals and opens; holds the keys, newest first."""

    def __init__(self, keys: Sequence[bytes], token_bytes: Callable[[int], bytes]) -> None:
        assert keys
        assert all(len(key) == KEY_BYTES for key in keys)
        self._token_bytes = token_bytes
        self._ciphers = {_name(b"key", key): AESGCM(key) for key in keys}
        self._newest = _name(b"key", keys[0])

    def seal(self, plain: bytes, *, place: str) -> bytes:
        """Seal for one place, named like `table/column/row`, with the newest key."""
        head = _VERSION + self._newest + _name(b"place", place.encode())
        nonce = self._token_bytes(NONCE_BYTES)
        return head + nonce + self._ciphers[self._newest].encrypt(nonce, plain, _bind(head, place))

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """
        What was sealed for that place.

        Raises:
            SealError: its `fault` says which of the three it is.
        """
        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        if len(head) < _HEAD_BYTES or head[:1] != _VERSION:
            raise SealError(Fault.DAMAGED, place)
        cipher = self._ciphers.get(head[1 : 1 + _NAME_BYTES])
        if cipher is None:
            raise SealError(Fault.UNKNOWN_KEY, place)
        if head[1 + _NAME_BYTES :] != _name(b"place", place.encode()):
            raise SealError(Fault.MOVED, place)
        try:
            return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], _bind(head, place))
        except (InvalidTag, ValueError):  # ValueError: too short for a nonce
            raise SealError(Fault.DAMAGED, place) from None

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the newest key sealed it: after a rotation, what is not is sealed anew."""
        return sealed[1 : 1 + _NAME_BYTES] == self._newest


def _name(kind: bytes, named: bytes) -> bytes:
    """Eight bytes that tell keys and places apart and say nothing else about them."""
    return hashlib.sha256(b"gateway sealing " + kind + b"\0" + named).digest()[:_NAME_BYTES]


def _bind(head: bytes, place: str) -> bytes:
    return head + place.encode()


def read_keys(path: Path) -> list[bytes]:
    """
    The sealing keys, newest first: one base64 key a line.

    Raises:
        StoreError: missing, readable by others, or not a list of keys.
    """
    try:
        lines = _private_content(path).splitlines()
    except OSError as error:
        raise StoreError(f"The sealing key {path} cannot be read: {error.strerror}.") from error
    keys = [_key(line, path, number) for number, line in enumerate(lines, 1) if line.strip()]
    if not keys:
        raise StoreError(f"The sealing key {path} is empty: restore it from its back-up.")
    return keys


def _private_content(path: Path) -> bytes:
    """A file's content, if nobody but its owner and root can have read or written it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _require_private(os.fstat(descriptor).st_mode, path)
        return os.read(descriptor, _KEY_FILE_LIMIT_BYTES)
    finally:
        os.close(descriptor)


def _require_private(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        raise StoreError(f"The sealing key {path} is not a regular file.")
    if stat.S_IMODE(mode) & 0o077:
        raise StoreError(f"The sealing key {path} is open to others: run chmod 0600 {path}")


def _key(line: bytes, path: Path, number: int) -> bytes:
    try:
        key = base64.b64decode(line.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        wanted = f"a key, base64 of {KEY_BYTES} bytes"
        raise StoreError(f"The sealing key {path}, line {number}: wanted {wanted}.")
    return key


def write_new_key(path: Path, token_bytes: Callable[[int], bytes]) -> None:
    """
    Make a key file with one new key; a file that is there is never overwritten.

    Raises:
        StoreError: it is there, or cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
        with _removed_on_failure(path), open(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(base64.b64encode(token_bytes(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise StoreError(f"The sealing key {path} cannot be made: {error.strerror}.") from error


@contextlib.contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink()
        raise
