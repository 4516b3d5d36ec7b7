"""The file that holds the mail server's password."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.mail.letter import MailError
from gateway.mail.secret import read_password
from tests.mail.post_office import PASSWORD


def test_a_password_is_the_first_line(tmp_path: Path) -> None:
    """The end of the line is not part of the password; blanks are."""
    path = tmp_path / "password"
    path.touch(mode=0o600)
    path.write_bytes(f" {PASSWORD} \r\n# a note\n".encode())

    assert f" {PASSWORD} ".encode() == read_password(path)


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [(b"secret", 0o640, "chmod 0600"), (b"\n", 0o600, "no password"), (None, 0o600, "No such")],
)
def test_a_password_that_is_none_of_ours_is_refused(
    tmp_path: Path, content: bytes | None, mode: int, reason: str
) -> None:
    """Open to others, empty or missing: the sentence says what to do."""
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)

    with pytest.raises(MailError, match=reason):
        read_password(path)
