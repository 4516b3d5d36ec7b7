"""
A first name for a new passkey, so that people know it again in their list.

The authenticator model (AAGUID) is a hint that anybody can forge: it names, it decides
nothing. Where it says nothing, the way by which the passkey was reached does, with the
kind of terminal that the browser claims to run on.
"""

from __future__ import annotations

from collections.abc import Callable

MODELS = {
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "label.apple",
    "dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "label.apple-managed",
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "label.google",
    "08987058-cadc-4b81-b6e1-30de50dcbe96": "label.windows-hello",
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "label.windows-hello",
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "label.windows-hello",
    "d3452668-01fd-4c12-926c-83a4204853aa": "label.microsoft",
    "53414d53-554e-4700-0000-000000000000": "label.samsung",
    "adce0002-35bc-c60a-648b-0b25f1f05503": "label.chrome-mac",
    "bada5566-a7aa-401f-bd96-45619a55120d": "label.1password",
}
"""Sentences for the models that most people have, by AAGUID."""

TERMINALS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)
"""What User-Agent contains, and how people call it; the first that fits."""


def passkey_label(
    say: Callable[[str], str], *, aaguid: str, transports: tuple[str, ...], user_agent: str
) -> str:
    """A label in the language of `say`, the person's at enrolment."""
    if (model := MODELS.get(aaguid)) is not None:
        return say(model)
    if "internal" in transports:
        return next((name for part, name in TERMINALS if part in user_agent), say("label.device"))
    if "hybrid" in transports or "cable" in transports:
        return say("label.phone")
    if transports:
        return say("label.security-key")
    return say("label.passkey")
