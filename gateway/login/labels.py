"""
How passkeys and terminals are called, so that people know them again in their lists.

The authenticator model (AAGUID) is a hint that anybody can forge: it names, it decides
nothing. Where it says nothing, the way by which the passkey was reached does, with the
kind of terminal that the browser claims to run on.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from gateway.errors import Reason, RefusedError
from gateway.rules.devices import terminal_of
from gateway.rules.records import Passkey

Say = Callable[..., str]
"""The sentences of one language, see `Catalogue.say`."""

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
    "771b48fd-d3d4-4f74-9232-fc157ab0507a": "label.edge-mac",
    "bada5566-a7aa-401f-bd96-45619a55120d": "label.1password",
    "d548826e-79b4-db40-a3d8-11116f7e8349": "label.bitwarden",
    "531126d6-e717-415c-9320-3d9aa6981239": "label.dashlane",
    "0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6": "label.keeper",
    "fdb141b2-5d84-443e-8a35-4698c205a502": "label.keepassxc",
    "b78a0a55-6ef8-d246-a042-ba0f6d55050c": "label.lastpass",
    "b84e4048-15dc-4dd0-8640-f4f60813c8af": "label.nordpass",
    "50726f74-6f6e-5061-7373-50726f746f6e": "label.proton",
}
"""Sentences for the models that most people have, by AAGUID."""

LABEL_LIMIT = 64
"""Characters of a label: what fits into two lines on a phone."""

JOINERS = "\u200c\u200d"
"""Invisible, and yet part of letters and of emoji (Unicode 23.2)."""


def passkey_label(say: Say, *, aaguid: str, transports: tuple[str, ...], user_agent: str) -> str:
    """A label in the language of `say`, the person's at enrolment."""
    if (model := MODELS.get(aaguid)) is not None:
        return say(model)
    if "internal" in transports:
        return terminal_of(user_agent).system or say("label.device")
    if "hybrid" in transports or "cable" in transports:
        return say("label.phone")
    if transports:
        return say("label.security-key")
    return say("label.passkey")


def keeper_of(say: Say, passkey: Passkey) -> str:
    """What keeps that passkey: a password manager, this kind of device."""
    if (model := MODELS.get(passkey.aaguid)) is not None:
        return say(model)
    match shape_of(passkey):
        case "security-key":
            return say("label.security-key")
        case "phone":
            return say("label.phone")
        case _:
            return ""


def shape_of(passkey: Passkey) -> str:
    """Which picture stands for it: "phone", "device", "security-key" or "passkey"."""
    reached = set(passkey.transports)
    if "internal" in reached:
        return "passkey" if passkey.is_synced else "device"
    if reached & {"hybrid", "cable"}:
        return "phone"
    return "security-key" if reached else "passkey"


def terminal_name(say: Say, user_agent: str) -> str:
    """The terminal and browser of a User-Agent in words; never a word of its own."""
    terminal = terminal_of(user_agent)
    system = say("label.mac-or-ipad") if terminal.may_be_ipad else terminal.system
    if system and terminal.browser:
        return say("label.browser-on", system=system, browser=terminal.browser)
    return system or terminal.browser or say("label.unknown-terminal")


def read_label(text: object) -> str:
    """
    The label that a person gave, in one spelling: NFC, one line, no blanks around.

    Raises:
        RefusedError: BAD_REQUEST: nothing to be seen, longer than `LABEL_LIMIT`, several
            lines, or with marks that turn the direction of what follows.
    """
    if not isinstance(text, str) or len(text) > 4 * LABEL_LIMIT:
        raise RefusedError(Reason.BAD_REQUEST, "no label, or a very long one")
    label = unicodedata.normalize("NFC", text).strip()
    kinds = [unicodedata.category(each) for each in label if each not in JOINERS]
    if len(label) > LABEL_LIMIT or not any(kind[0] in "LNPS" for kind in kinds):
        raise RefusedError(Reason.BAD_REQUEST, "a label of no or too many characters")
    if any(kind[0] == "C" or kind in ("Zl", "Zp") for kind in kinds):
        raise RefusedError(Reason.BAD_REQUEST, "a label with control characters")
    return label
