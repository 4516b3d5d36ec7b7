"""Secrets at rest open with the right key, in the right place, unchanged, or not at all."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import StoreError
from gateway.store.sealing import (
    KEY_BYTES,
    Fault,
    Sealer,
    SealError,
    read_keys,
    write_new_key,
)

OLD, NEW = b"o" * KEY_BYTES, b"n" * KEY_BYTES
PLACE = "secrets/sealed/signing key"
SEALER = Sealer([NEW, OLD], os.urandom)


def _fault(sealer: Sealer, sealed: bytes, place: str = PLACE) -> Fault:
    with pytest.raises(SealError) as caught:
        sealer.open(sealed, place=place)
    assert place in str(caught.value)
    return caught.value.fault


@given(plain=st.binary(max_size=200), place=st.text(max_size=50))
def test_what_is_sealed_opens(plain: bytes, place: str) -> None:
    """A sealed secret comes back as it was."""
    assert plain == SEALER.open(SEALER.seal(plain, place=place), place=place)


@given(plain=st.binary(min_size=8, max_size=200))
def test_a_sealed_secret_shows_nothing(plain: bytes) -> None:
    """The sealed form does not contain the secret, and is never twice the same."""
    sealed = SEALER.seal(plain, place=PLACE)

    assert plain not in sealed
    assert sealed != SEALER.seal(plain, place=PLACE)


def test_a_moved_secret_is_refused() -> None:
    """A secret copied to another row does not open there, and the error says so."""
    sealed = SEALER.seal(b"secret", place=PLACE)

    assert Fault.MOVED is _fault(SEALER, sealed, "secrets/sealed/other")


@given(place=st.integers(min_value=0), bit=st.integers(min_value=0, max_value=7))
def test_no_bit_may_change(place: int, bit: int) -> None:
    """Whichever bit of a sealed secret is changed, it does not open."""
    sealed = bytearray(SEALER.seal(b"secret", place=PLACE))
    sealed[place % len(sealed)] ^= 1 << bit

    with pytest.raises(SealError):
        SEALER.open(bytes(sealed), place=PLACE)


@pytest.mark.parametrize("length", [0, 1, 16, 17, 20, 29, 44, -1])
def test_a_cut_secret_is_damaged(length: int) -> None:
    """A sealed secret that was cut off is refused, wherever the cut is."""
    sealed = SEALER.seal(b"secret", place=PLACE)

    assert Fault.DAMAGED is _fault(SEALER, sealed[:length])


def test_a_changed_secret_is_damaged() -> None:
    """A change of the sealed text itself is told as damage."""
    sealed = SEALER.seal(b"secret", place=PLACE)

    assert Fault.DAMAGED is _fault(SEALER, sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_a_forged_place_is_refused() -> None:
    """Whoever also rewrites the mark of the place in a moved secret gains nothing."""
    moved = SEALER.seal(b"secret", place=PLACE)
    there = SEALER.seal(b"other", place="secrets/sealed/other")
    forged = moved[:9] + there[9:17] + moved[17:]

    assert Fault.DAMAGED is _fault(SEALER, forged, "secrets/sealed/other")


def test_the_sealed_form_is_the_documented_one() -> None:
    """A later version can open what this one sealed: the form is pinned to the byte."""
    sealed = Sealer([NEW], lambda length: b"\x07" * length).seal(b"secret", place=PLACE)

    key_name = hashlib.sha256(b"gateway sealing key\0" + NEW).digest()[:8]
    place_name = hashlib.sha256(b"gateway sealing place\0" + PLACE.encode()).digest()[:8]
    head = b"\x01" + key_name + place_name
    nonce = b"\x07" * 12
    assert head + nonce + AESGCM(NEW).encrypt(nonce, b"secret", head + PLACE.encode()) == sealed


def test_an_unknown_key_is_named_as_such() -> None:
    """A secret sealed with a key that is gone says that the key is missing."""
    sealed = Sealer([OLD], os.urandom).seal(b"secret", place=PLACE)

    assert Fault.UNKNOWN_KEY is _fault(Sealer([NEW], os.urandom), sealed)


def test_older_keys_still_open() -> None:
    """After a rotation what was sealed before still opens, and the newest key seals."""
    before = Sealer([OLD], os.urandom).seal(b"secret", place=PLACE)
    after = SEALER.seal(b"secret", place=PLACE)

    assert b"secret" == SEALER.open(before, place=PLACE)
    assert [False, True] == [SEALER.is_newest(each) for each in (before, after)]
    assert b"secret" == Sealer([NEW], os.urandom).open(after, place=PLACE)


class TestKeyFile:
    """Where the keys come from."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """A place for a key file."""
        return tmp_path / "seal.key"

    @pytest.fixture
    def write(self, path: Path) -> Callable[[bytes], None]:
        """Makes a private key file of that content."""

        def write(content: bytes) -> None:
            path.touch(0o600)
            path.write_bytes(content)

        return write

    def test_a_new_key_is_private(self, path: Path) -> None:
        """A key file is made readable for its owner alone, and can be read back."""
        write_new_key(path, lambda length: b"n" * length)

        assert 0o600 == stat.S_IMODE(path.stat().st_mode)
        assert [NEW] == read_keys(path)

    def test_a_generous_umask_opens_nothing(self, path: Path) -> None:
        """The key stays private, and usable, whatever the umask is."""
        before = os.umask(0o277)
        try:
            write_new_key(path, os.urandom)
        finally:
            os.umask(before)

        assert 0o600 == stat.S_IMODE(path.stat().st_mode)

    def test_a_key_is_never_overwritten(self, path: Path) -> None:
        """Making a key where there is one is refused, and the old key is kept."""
        write_new_key(path, lambda length: b"n" * length)

        with pytest.raises(StoreError, match="File exists"):
            write_new_key(path, os.urandom)

        assert [NEW] == read_keys(path)

    def test_a_half_written_key_is_removed(self, path: Path) -> None:
        """Where making a key fails midway, no empty key file stays behind."""

        def no_randomness(length: int) -> bytes:
            raise OSError(5, "Input/output error")

        with pytest.raises(StoreError, match="cannot be made"):
            write_new_key(path, no_randomness)

        assert not path.exists()

    def test_no_directory_no_key(self, tmp_path: Path) -> None:
        """Where the directory is missing, the error names the file."""
        with pytest.raises(StoreError, match=r"seal\.key cannot be made: No such file"):
            write_new_key(tmp_path / "missing" / "seal.key", os.urandom)

    def test_newest_first(self, path: Path, write: Callable[[bytes], None]) -> None:
        """Each line is a key, the first is the newest; blank lines do no harm."""
        write(base64.b64encode(NEW) + b"\r\n\n  " + base64.b64encode(OLD))

        assert [NEW, OLD] == read_keys(path)

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
    def test_a_key_that_others_can_read_is_refused(
        self, path: Path, write: Callable[[bytes], None], mode: int
    ) -> None:
        """A key file that is open to others is refused, with the command that mends it."""
        write(base64.b64encode(NEW))
        path.chmod(mode)

        with pytest.raises(StoreError, match="run chmod 0600"):
            read_keys(path)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "is empty"),
            (b"\n \n", "is empty"),
            (b"not base64!", "line 1: wanted a key"),
            (base64.b64encode(NEW[:-1]), "line 1: wanted a key"),
            (base64.b64encode(NEW) + b"\n" + base64.b64encode(NEW + b"n"), "line 2: wanted a"),
            (b"\xff\xfe\x00", "line 1: wanted a key"),
        ],
    )
    def test_what_is_no_key_is_refused(
        self, path: Path, write: Callable[[bytes], None], content: bytes, words: str
    ) -> None:
        """A key file with anything else in it is refused; the error names the line."""
        write(content)

        with pytest.raises(StoreError, match=words):
            read_keys(path)

    def test_an_error_shows_no_key(self, path: Path, write: Callable[[bytes], None]) -> None:
        """The error about a damaged key does not contain what is left of it."""
        write(b"canary" + base64.b64encode(NEW))

        with pytest.raises(StoreError) as caught:
            read_keys(path)

        assert "canary" not in str(caught.value)

    def test_a_missing_key_is_named(self, path: Path) -> None:
        """Where the key file is missing, the error says which."""
        with pytest.raises(StoreError, match=r"seal\.key cannot be read: No such file"):
            read_keys(path)

    def test_a_link_is_refused(self, path: Path, write: Callable[[bytes], None]) -> None:
        """A symbolic link in the key's place is not followed."""
        write(base64.b64encode(NEW))
        link = path.with_name("link")
        link.symlink_to(path)

        with pytest.raises(StoreError, match="cannot be read"):
            read_keys(link)

    @pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
    def test_only_a_file_is_a_key_file(self, path: Path, make: Callable[[Path], None]) -> None:
        """A directory or a pipe in the key's place is refused and does not hang the start."""
        make(path)

        with pytest.raises(StoreError, match="is not a regular file"):
            read_keys(path)
