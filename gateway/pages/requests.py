"""
A request to a page of ours, read and checked before any page sees it.

A POST is believed only if it comes from a page of our own origin (`comes_from_us`): Lax
cookies alone would let a sibling host, or a page of the app in another tab, speak for us.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import replace

from twisted.web.server import Request

from gateway.errors import Reason, RefusedError
from gateway.pages.render import Pages
from gateway.pages.reply import Visit
from gateway.rules import tokens
from gateway.rules.cookies import cookie_values
from gateway.rules.public import PublicOrigin

BODY_LIMIT_BYTES = 65_536
"""Bytes of a body: no form or ceremony of ours needs a quarter of it."""

USER_AGENT_LIMIT = 200
"""Characters of User-Agent that are remembered with a session."""


class Body(enum.Enum):
    """Which bodies a route takes."""

    NOTHING = frozenset[bytes]()
    """For GET."""
    JSON = frozenset({b"application/json"})
    """A browser sends it across origins only after asking, and we never say yes."""
    FORM_OR_JSON = frozenset({b"application/json", b"application/x-www-form-urlencoded"})

    def check(self, request: Request, visit: Visit, public: PublicOrigin) -> Visit:
        """
        The visit with its body, if it may be looked at.

        Raises:
            RefusedError: not from a page of ours, too large, or of another kind.
        """
        if self is Body.NOTHING:
            return visit
        if not comes_from_us(
            origins=_values(request, b"origin"),
            sites=_values(request, b"sec-fetch-site"),
            public=public,
        ):
            raise RefusedError(Reason.FOREIGN_ORIGIN, "a POST from elsewhere")
        kinds = [each.partition(b";")[0].strip() for each in _values(request, b"content-type")]
        if len(kinds) != 1 or kinds[0].lower() not in self.value:
            raise RefusedError(Reason.BAD_REQUEST, "a body of another kind")
        assert request.content is not None, "twisted.web renders after the whole body"
        body = request.content.read(BODY_LIMIT_BYTES + 1)
        if len(body) > BODY_LIMIT_BYTES:
            raise RefusedError(Reason.TOO_LARGE, "a body above the limit")
        return replace(visit, body=body)


def comes_from_us(
    *, origins: Iterable[bytes], sites: Iterable[bytes], public: PublicOrigin
) -> bool:
    """
    Whether a page of our own sent this, as the browser tells it (Fetch 3.2, Fetch Metadata 2.3).

    Origin must be ours. Where it is missing, Sec-Fetch-Site must say `same-origin`; where
    both are there, both must be right. "null" is nobody of ours.
    """
    named, site = list(origins), list(sites)
    if site not in ([], [b"same-origin"]):
        return False
    return named == [public.origin.encode("ascii")] or (not named and bool(site))


def read_visit(request: Request, pages: Pages) -> Visit:
    """What our pages may know of a request; its body comes later, when it has been checked."""
    cookies = _values(request, b"cookie")
    return Visit(
        body=b"",
        language=pages.languages.choose(
            cookies=cookies,
            cookie_name=pages.cookies.language.encode(),
            accept_language=b",".join(_values(request, b"accept-language")),
        ),
        wants_page=_wants_page(request),
        session=_token(cookies, pages.cookies.session),
        browser=_token(cookies, pages.cookies.browser),
        address=getattr(request.getClientAddress(), "host", ""),
        user_agent=b" ".join(_values(request, b"user-agent")).decode("utf-8", "replace")[
            :USER_AGENT_LIMIT
        ],
        accepts_gzip=b"gzip" in b",".join(_values(request, b"accept-encoding")),
        etag=b",".join(_values(request, b"if-none-match")),
    )


def _values(request: Request, name: bytes) -> list[bytes]:
    return list(request.requestHeaders.getRawHeaders(name, []))


def _wants_page(request: Request) -> bool:
    """A navigation, or a client that does not say but likes HTML."""
    mode = _values(request, b"sec-fetch-mode")
    if mode:
        return mode == [b"navigate"]
    return b"text/html" in b",".join(_values(request, b"accept"))


def _token(cookies: list[bytes], name: str) -> bytes | None:
    """The token of that cookie; one that is there twice is as good as none."""
    values = cookie_values(cookies, name.encode())
    return tokens.decode(values[0]) if len(values) == 1 else None
