"""Mail addresses: which ones we write to."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.mailboxes import MAILBOX_LIMIT, canonical_mailbox


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("taro@example.co.jp", "taro@example.co.jp"),
        (" Taro.Yamada+gw@Example.CO.JP ", "Taro.Yamada+gw@example.co.jp"),
        ("taro@例え.jp", "taro@xn--r8jz45g.jp"),
        ("root@localhost", "root@localhost"),
        ("o'brien@example.com", "o'brien@example.com"),
    ],
)
def test_an_everyday_address_is_taken(written: str, kept: str) -> None:
    """The part before the "@" stays as written; a Japanese domain becomes its ASCII form."""
    assert kept == canonical_mailbox(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "taro",
        "@example.com",
        "taro@",
        "a@b@example.com",
        ".taro@example.com",
        "ta..ro@example.com",
        "taro @example.com",
        '"taro"@example.com',
        "太郎@example.com",
        "taro@exam ple.com",
        "taro@[192.0.2.1]",
        "taro@-example.com",
        "taro@example..com",
        "taro@example.com>",
        "taro@example.com\r\nBcc: x@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + ".".join(["b" * 60] * 4) + ".example.com",
        "a" * 64 + "@" + ".".join(["b" * 47] * 4),
    ],
)
def test_anything_else_is_refused(written: str) -> None:
    """What could mean more than one thing to a mail server is no address."""
    with pytest.raises(ValueError, match="a mail address"):
        canonical_mailbox(written)


@given(st.text(max_size=300))
def test_nothing_gets_through_that_a_mail_server_could_misread(written: str) -> None:
    """Whatever is taken is short printable ASCII without brackets, blanks or line breaks."""
    with contextlib.suppress(ValueError):
        kept = canonical_mailbox(written)
        assert re.fullmatch(r"[!-;=?-~]+@[a-z0-9.-]+", kept)
        assert len(kept) <= MAILBOX_LIMIT
        assert kept == canonical_mailbox(kept)
