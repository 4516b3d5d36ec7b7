"""Requests and people for the tests of who may go where."""

from __future__ import annotations

from gateway.rules.entries import Finding, Standing
from gateway.rules.http1 import RequestHead, parse_request
from gateway.rules.policy import Policy
from gateway.rules.public import parse_origin
from gateway.rules.records import Method

PUBLIC = parse_origin("https://gw.example.co.jp")
OFFICE = "10.1.2.3"
HOME = "203.0.113.9"


def request(
    target: str, *fields: str, method: str = "GET", host: str = PUBLIC.host
) -> RequestHead:
    """A request for that target."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *fields]
    return parse_request("\r\n".join(lines).encode("latin-1"))


def person(
    name: str = "sato",
    *groups: str,
    is_device_bound: bool = False,
    verified_s: float = 10.0,
) -> Standing:
    """Somebody who is signed in by a passkey."""
    return Standing(
        name=name,
        groups=groups,
        method=Method.PASSKEY,
        is_device_bound=is_device_bound,
        verified_s=verified_s,
    )


def judged(
    policy: Policy,
    target: str,
    *fields: str,
    who: Standing | None = None,
    peer: str = OFFICE,
    method: str = "GET",
) -> Finding:
    """What the policy says to that person; to a stranger if there is none."""
    standing = None if who is None else lambda: who
    return policy.judge(request(target, *fields, method=method), peer=peer, standing=standing)
