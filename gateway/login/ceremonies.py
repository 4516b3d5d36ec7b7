"""
The WebAuthn ceremonies that are open just now.

In memory only, and bounded: what a stranger begins costs some hundred bytes for five
minutes, and never anything in the store. After a restart people press the button again.
The rules are `gateway.rules.ceremony`'s; here they are only carried out.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from gateway.errors import Reason, RefusedError
from gateway.rules.ceremony import (
    CEREMONIES_LIMIT,
    CEREMONIES_PER_BROWSER,
    CHALLENGE_BYTES,
    Effect,
    Event,
    State,
    classify_answer,
    is_outlived,
    step,
)
from gateway.rules.records import Ceremony, Purpose, TokenHash


class Ceremonies:
    """A table of open ceremonies, oldest first: all live equally long."""

    def __init__(
        self,
        *,
        clock: IReactorTime,
        token_bytes: Callable[[int], bytes],
        limit: int = CEREMONIES_LIMIT,
        limit_per_browser: int = CEREMONIES_PER_BROWSER,
    ) -> None:
        self._clock = clock
        self._token_bytes = token_bytes
        self._limit = limit
        self._limit_per_browser = limit_per_browser
        self._open: dict[bytes, Ceremony] = {}
        self._of_browser: dict[TokenHash, list[bytes]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def begin(
        self, purpose: Purpose, *, browser: TokenHash, invitation: TokenHash | None = None
    ) -> Ceremony:
        """Open a ceremony for this browser; its oldest one makes room if it has too many."""
        self._forget_outlived()
        self._make_room(browser)
        ceremony = Ceremony(
            challenge=self._token_bytes(CHALLENGE_BYTES),
            purpose=purpose,
            browser=browser,
            invitation=invitation,
            begun=self._clock.seconds(),
        )
        self._happen(ceremony.challenge, Event.BEGUN, remember=ceremony)
        return ceremony

    def take(
        self,
        challenge: bytes,
        purpose: Purpose,
        *,
        browser: TokenHash | None,
        invitation: TokenHash | None = None,
    ) -> Ceremony:
        """
        End the ceremony of that challenge, and give it back if its answer may be verified.

        Raises:
            RefusedError: EXPIRED when it is not open any more, REFUSED when it is not
                this browser's, or for something else.
        """
        ceremony = self._open.get(challenge)
        event = Event.ANSWERED_ASTRAY
        if ceremony is not None and browser is not None:
            event = classify_answer(
                ceremony,
                browser=browser,
                purpose=purpose,
                invitation=invitation,
                now=self._clock.seconds(),
            )
        match self._happen(challenge, event):
            case Effect.VERIFY if ceremony is not None:
                return ceremony
            case Effect.REFUSE_AS_EXPIRED:
                raise RefusedError(Reason.EXPIRED, "no such challenge is open")
            case _:
                raise RefusedError(Reason.REFUSED, "another browser's or purpose's challenge")

    def _happen(
        self, challenge: bytes, event: Event, *, remember: Ceremony | None = None
    ) -> Effect:
        was = State.OPEN if challenge in self._open else State.CLOSED
        state, effect = step(was, event)
        if state is State.OPEN and remember is not None:
            self._open[challenge] = remember
            self._of_browser.setdefault(remember.browser, []).append(challenge)
        elif was is State.OPEN:
            self._drop(challenge)
        if remember is not None and effect is Effect.REFUSE:
            raise RefusedError(Reason.REFUSED, "a challenge was drawn twice")
        return effect

    def _drop(self, challenge: bytes) -> None:
        browser = self._open.pop(challenge).browser
        left = self._of_browser[browser]
        left.remove(challenge)
        if not left:
            del self._of_browser[browser]

    def _forget_outlived(self) -> None:
        now = self._clock.seconds()
        while self._open:
            oldest = next(iter(self._open.values()))
            if not is_outlived(oldest, now=now):
                return
            self._happen(oldest.challenge, Event.OUTLIVED)

    def _make_room(self, browser: TokenHash) -> None:
        own = self._of_browser.get(browser, [])
        if len(own) >= self._limit_per_browser:
            self._happen(own[0], Event.CROWDED_OUT)
        if len(self._open) >= self._limit:
            self._happen(next(iter(self._open)), Event.CROWDED_OUT)
