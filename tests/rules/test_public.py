"""The one public name."""

from __future__ import annotations

import pytest

from gateway.rules.public import parse_origin


@pytest.mark.parametrize(
    ("url", "origin", "rp_id"),
    [
        ("https://gw.example.co.jp", "https://gw.example.co.jp", "gw.example.co.jp"),
        ("https://gw.example.co.jp/", "https://gw.example.co.jp", "gw.example.co.jp"),
        ("https://GW.Example.co.jp:443", "https://gw.example.co.jp", "gw.example.co.jp"),
        ("https://gw.example.co.jp:8443", "https://gw.example.co.jp:8443", "gw.example.co.jp"),
        ("http://localhost:8080", "http://localhost:8080", "localhost"),
        ("http://app.localhost", "http://app.localhost", "app.localhost"),
        ("https://社内.example", "https://xn--v6q418g.example", "xn--v6q418g.example"),
    ],
)
def test_an_address_is_taken_apart(url: str, origin: str, rp_id: str) -> None:
    """The origin that browsers report and the RP ID come from the configured address."""
    public = parse_origin(url)

    assert (origin, rp_id) == (public.origin, public.host)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("gw.example.co.jp", "https://"),
        ("ftp://gw.example.co.jp", "https://"),
        ("http://gw.example.co.jp", "localhost alone"),
        ("https://192.0.2.1", "IP address"),
        ("https://[2001:db8::1]", "IP address"),
        ("https://gw.example.co.jp/app", "scheme and host only"),
        ("https://gw.example.co.jp?x=1", "scheme and host only"),
        ("https://user@gw.example.co.jp", "scheme and host only"),
        ("https://gw.example.co.jp:99999", "port"),
        ("https://gw.example.co.jp:0x1", "port"),
        ("https://", "DNS name"),
        ("https://gw example", "DNS name"),
        ("https://-.example", "DNS name"),
        ("https://127.1", "IP address"),
        ("https://0x7f000001", "IP address"),
        ("https://gw.example.0x1", "IP address"),
        ("https://gw.example.co.jp:0", "port"),
        ("https://gw.example.co.jp.", "final dot"),
        ("https://:secret@gw.example.co.jp", "scheme and host only"),
        ("https://[::1", "scheme and host only"),
    ],
)
def test_an_address_that_passkeys_cannot_use_is_refused(url: str, wanted: str) -> None:
    """An address that browsers refuse for passkeys is refused with what is wanted."""
    with pytest.raises(ValueError, match=wanted):
        parse_origin(url)
