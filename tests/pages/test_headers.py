"""The header fields of our own pages, to the letter."""

from __future__ import annotations

import pytest

from gateway.pages.headers import content_security_policy, reply_headers
from gateway.pages.reply import Framing, Reply, json_reply
from gateway.rules.public import parse_origin

PUBLIC = parse_origin("https://gw.example.test:8443")


def test_the_policy_names_our_files_and_nothing_else() -> None:
    """Scripts, styles and pictures come from our static files; the app's are not enough."""
    expected = (
        "default-src 'none'; "
        "script-src https://gw.example.test:8443/.gateway/static/; "
        "style-src https://gw.example.test:8443/.gateway/static/; "
        "img-src https://gw.example.test:8443/.gateway/static/; "
        "connect-src https://gw.example.test:8443/.gateway/; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )

    assert expected.encode() == content_security_policy(PUBLIC, Framing.NEVER)


@pytest.mark.parametrize(
    ("framing", "ancestors", "options"),
    [(Framing.NEVER, b"'none'", [b"DENY"]), (Framing.BY_OURSELVES, b"'self'", [])],
)
def test_who_may_frame_a_page(framing: Framing, ancestors: bytes, options: list[bytes]) -> None:
    """Account and enrolment are never framed; the page in the app's place only by the app."""
    headers = reply_headers(Reply(framing=framing), PUBLIC)
    policy = dict(headers)[b"content-security-policy"]

    assert b"frame-ancestors " + ancestors in policy
    assert options == [value for name, value in headers if name == b"x-frame-options"]


def test_whatever_is_not_said_to_be_kept_is_not_kept() -> None:
    """Private pages never stay in a cache; static files say themselves how long."""
    private = dict(reply_headers(Reply(), PUBLIC))
    static = dict(reply_headers(Reply(is_cacheable=True), PUBLIC))

    assert b"no-store" == private[b"cache-control"]
    assert b"cache-control" not in static


def test_json_is_written_as_it_is_read() -> None:
    """Answers to scripts are UTF-8 without escapes, of known length."""
    reply = json_reply({"message": "はい"}, status=400)

    assert '{"message":"はい"}'.encode() == reply.body
    assert b"20" == dict(reply_headers(reply, PUBLIC))[b"content-length"]


def test_browsers_come_by_https_alone_from_then_on() -> None:
    """With https each page of ours says so for a year (RFC 6797); on localhost none does."""
    name = b"strict-transport-security"

    assert b"max-age=31536000" == dict(reply_headers(Reply(), PUBLIC))[name]
    assert name not in dict(reply_headers(Reply(), parse_origin("http://localhost:8080")))
