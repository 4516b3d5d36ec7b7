"""What the gateway stands on: directory, keys, database; looked at, and left as they are."""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import apsw
import pytest

from gateway.config import Config, load
from gateway.rules.vitals import Finding, Gravity
from gateway.store.database import open_database
from gateway.store.migrations import SCHEMA
from gateway.store.sealing import Sealer, read_keys, write_new_key
from gateway.watch import surroundings


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A gateway whose data directory is there and empty."""
    (tmp_path / "data").mkdir(mode=0o700)
    path = tmp_path / "gateway.toml"
    path.write_text('[gateway]\nurl = "https://gw.test"\n[[app]]\nurl = "http://10.0.0.5"\n')
    return load(path)


@pytest.fixture
def used(config: Config) -> Config:
    """A gateway that has run before: key and database are there."""
    write_new_key(config.key_path, secrets.token_bytes)
    sealer = Sealer(read_keys(config.key_path), secrets.token_bytes)
    open_database(config.store_path, sealer, SCHEMA).close()
    return config


def only(findings: Iterable[Finding]) -> Finding:
    """The one finding."""
    [finding] = findings
    return finding


def looked_at(config: Config) -> Finding:
    """What is found about the database."""
    return only(surroundings.store(config, token_bytes=secrets.token_bytes))


def fingerprint(path: Path) -> str:
    """Changes with the file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_private_directory_is_good(config: Config) -> None:
    """Where all is well the free space is told."""
    finding = only(surroundings.data_dir(config))

    assert finding.gravity is not Gravity.ERROR
    assert "MiB free" in finding.sentence


def test_a_missing_directory_is_made_later(config: Config) -> None:
    """A data directory that can be made is no error."""
    config.gateway.data_dir.rmdir()

    finding = only(surroundings.data_dir(config))

    assert finding.gravity is Gravity.OK
    assert "made at the first start" in finding.sentence
    assert not config.gateway.data_dir.exists()


def test_a_directory_that_cannot_be_made_is_an_error(config: Config, tmp_path: Path) -> None:
    """The command that makes it is shown."""
    path = tmp_path / "elsewhere.toml"
    path.write_text(config.path.read_text().replace("[[", 'data_dir = "/nowhere/data"\n[['))

    finding = only(surroundings.data_dir(load(path)))

    assert finding.gravity is Gravity.ERROR
    assert "install -d -m 0700" in finding.next_step


def test_an_open_directory_is_an_error(config: Config) -> None:
    """Keys and people's data are not for other users of the machine."""
    config.gateway.data_dir.chmod(0o750)

    finding = only(surroundings.data_dir(config))

    assert finding.gravity is Gravity.ERROR
    assert finding.next_step == f"chmod 0700 {config.gateway.data_dir}"


def test_a_file_in_its_place_is_an_error(config: Config) -> None:
    """A file cannot be the data directory."""
    config.gateway.data_dir.rmdir()
    config.gateway.data_dir.touch()

    assert "is not a directory" in only(surroundings.data_dir(config)).sentence


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_refuses_is_an_error(config: Config) -> None:
    """A directory in which this user may not write is an error."""
    config.gateway.data_dir.chmod(0o500)

    assert "not writable" in only(surroundings.data_dir(config)).sentence


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_foreign_directory_is_a_warning(config: Config) -> None:
    """Root is told whose directory it is, and how to look with that user's eyes."""
    os.chown(config.gateway.data_dir, 65534, 65534)

    finding = next(iter(surroundings.data_dir(config)))

    assert finding.gravity is Gravity.WARNING
    assert "sudo -u '#65534'" in finding.next_step


@pytest.mark.parametrize(
    ("free", "gravity"),
    [(2**40, Gravity.OK), (2**29, Gravity.WARNING), (2**20, Gravity.ERROR)],
)
def test_little_space_is_told(config: Config, free: int, gravity: Gravity) -> None:
    """A disk that fills up is told in time, and a full one stops the start."""
    assert only(surroundings.space(config.gateway.data_dir, free)).gravity is gravity


def test_a_first_start_needs_no_key(config: Config) -> None:
    """Where neither key nor database is there, both are made at the first start."""
    finding = only(surroundings.keys(config))

    assert finding.gravity is Gravity.OK
    assert "made at the first start" in finding.sentence


def test_a_key_that_is_there_is_read(used: Config) -> None:
    """A private, well-formed key file is good."""
    assert only(surroundings.keys(used)).gravity is Gravity.OK


def test_a_lost_key_is_an_error(used: Config) -> None:
    """A database without its key is never given a new one."""
    used.key_path.unlink()

    finding = only(surroundings.keys(used))

    assert finding.gravity is Gravity.ERROR
    assert "back-up" in finding.next_step


def test_an_open_key_is_an_error(used: Config) -> None:
    """A key that others can read is refused."""
    used.key_path.chmod(0o644)

    assert "chmod 0600" in only(surroundings.keys(used)).sentence


def test_a_good_database_is_left_as_it_is(used: Config) -> None:
    """Looking at the database changes neither it nor the directory."""
    before = fingerprint(used.store_path)

    finding = looked_at(used)

    assert finding.gravity is Gravity.OK
    assert fingerprint(used.store_path) == before
    assert {each.name for each in used.gateway.data_dir.iterdir()} >= {
        used.store_path.name,
        used.key_path.name,
    }
    assert list(used.gateway.data_dir.glob("check-*")) == []


def test_no_database_is_no_finding(config: Config) -> None:
    """Before the first start there is nothing to look at."""
    assert list(surroundings.store(config, token_bytes=secrets.token_bytes)) == []


def newer(path: Path) -> None:
    """As a later version leaves it."""
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 9999)
    connection.close()


def foreign(path: Path) -> None:
    """Another application's."""
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE other (id)")
    connection.commit()
    connection.close()
    path.chmod(0o600)


def garbage(path: Path) -> None:
    """No database at all."""
    path.write_bytes(b"\xff" * 5000)


def empty(path: Path) -> None:
    """Nothing."""
    path.write_bytes(b"")


def damaged(path: Path) -> None:
    """With pages overwritten."""
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def opened(path: Path) -> None:
    """Readable for everybody."""
    path.chmod(0o644)


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (newer, "newer"),
        (foreign, "another application's"),
        (garbage, "not a database"),
        (empty, "not a database"),
        (damaged, "damaged"),
        (opened, "chmod 0600"),
    ],
)
def test_a_database_that_would_not_open_is_an_error(
    used: Config, harm: object, reason: str
) -> None:
    """The reason is told, and the file is left as it is."""
    assert callable(harm)
    harm(used.store_path)
    before = fingerprint(used.store_path)

    finding = looked_at(used)

    assert finding.gravity is Gravity.ERROR
    assert reason in finding.sentence
    assert "check-" not in finding.sentence
    assert fingerprint(used.store_path) == before


def test_a_key_of_another_database_is_an_error(used: Config) -> None:
    """With the wrong key nothing is opened."""
    used.key_path.unlink()
    write_new_key(used.key_path, secrets.token_bytes)

    finding = looked_at(used)

    assert finding.gravity is Gravity.ERROR
    assert "key" in finding.sentence
