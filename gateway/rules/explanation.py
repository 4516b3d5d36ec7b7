"""
Why somebody may go somewhere, or may not: behind `gateway policy why NAME URL`.

The request is made up and given to the very rules that judge real ones, so that what is
explained is what happens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from gateway.rules.access import rule_of
from gateway.rules.entries import Standing
from gateway.rules.http1 import BadMessageError, RequestHead, parse_request
from gateway.rules.policy import Policy
from gateway.rules.public import PublicOrigin

_url = re.compile(
    r"(?:https?://([^/?#\s]+))?(/[^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL
).fullmatch
_ASCII = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What `policy why` prints; its fields are those of its JSON."""

    decision: str
    """A value of `access.Decision`, or "refused" for what is no request at all."""
    rule: str
    reason: str


def explain(
    url: str,
    *,
    standing: Standing | None,
    peer: str,
    policy: Policy,
    public: PublicOrigin,
    method: str = "GET",
) -> Explanation:
    """
    What becomes of a navigation to that address.

    Args:
        url: whole, or its path with the query; as read or as sent (`/経理/`, `/%E7…`).
        standing: who asks; None for somebody who is not signed in.
        peer: from where.
        policy: what the configuration says.
        public: our name.
        method: in capitals.
    """
    try:
        head = _request(url, method, public)
    except (BadMessageError, ValueError) as bad:
        return Explanation(decision="refused", rule="built in", reason=str(bad))
    rule = rule_of(policy, public=public, standing_of=_itself)
    ruling = rule(head, session=standing, peer=peer)
    return Explanation(decision=ruling.decision.value, rule=ruling.rule, reason=ruling.reason)


def _itself(standing: Standing) -> Standing:
    return standing


def _request(url: str, method: str, public: PublicOrigin) -> RequestHead:
    """
    The request that a browser would send.

    Raises:
        ValueError: that is no address.
        BadMessageError: no request can ask for it.
    """
    match = _url(url)
    if match is None or not url:
        raise ValueError(
            'not an address: wanted is one such as "/report" or "https://HOST/report"'
        )
    host = match[1] or public.authority
    target = quote(match[2] or "/", safe=_ASCII)
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Sec-Fetch-Mode: navigate"]
    return parse_request("\r\n".join(lines).encode("utf-8"))
