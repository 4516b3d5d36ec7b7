"""
The verbs of administration, each implemented once.

Command line, SSH and web are three faces of these: a verb takes plain values, returns plain
values, and raises GatewayError with a sentence. What a verb returns can be written as JSON as
it is (the shapes in docs are a contract); how it looks to a person is the face's business.
What concerns somebody's ways in is told to them.
"""

from __future__ import annotations

from gateway.admin.keys import KeyVerbs
from gateway.admin.live_sessions import SessionVerbs
from gateway.admin.people import INVITATION_HOURS, PeopleVerbs

__all__ = ["INVITATION_HOURS", "Verbs"]


class Verbs(PeopleVerbs, KeyVerbs, SessionVerbs):
    """All of them, over one store."""

    __slots__ = ()
