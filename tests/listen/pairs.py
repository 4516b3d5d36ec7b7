"""Certificates with their keys, as the gateway serves them."""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.listen.certificates import Pair
from tests.instruments.certificates import Authority

HOST = "gw.example.test"


def pair(authority: Authority, *, days: int = 90) -> Pair:
    """A certificate for the public name."""
    leaf = authority.issue(HOST, ends=dt.datetime.now(dt.UTC) + dt.timedelta(days=days))
    first, *chain = x509.load_pem_x509_certificates(leaf.chain)
    key = load_pem_private_key(leaf.private_key, None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return Pair(leaf=first, chain=tuple(chain), key=key)
