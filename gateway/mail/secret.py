"""The password of the mail server, from its file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gateway.mail.letter import MailError

PASSWORD_LIMIT_BYTES = 1024
"""Longer is not a password but the wrong file."""


def read_password(path: Path) -> bytes:
    """
    The first line of a file that nobody but its owner and root can have read.

    Raises:
        MailError: missing, open to others, or without a password.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise MailError(f"{path}: {error.strerror}", is_final=False) from None
    try:
        mode = os.fstat(descriptor).st_mode
        content = os.read(descriptor, PASSWORD_LIMIT_BYTES) if stat.S_ISREG(mode) else b""
    finally:
        os.close(descriptor)
    if stat.S_IMODE(mode) & 0o077:
        sentence = f"{path} is open to others: run chmod 0600 {path}"
        raise MailError(sentence, is_final=False)
    password = content.partition(b"\n")[0].rstrip(b"\r")
    if not password:
        raise MailError(f"{path} holds no password", is_final=False)
    return password
