"""
What exact blocks of field lines mean, remembered for a short while.

A browser asks for a page and then, with the very same field lines, for all its pictures. Only a
pure function of the bytes is kept: whose session it is, is looked up for each request. The
blocks hold cookies, so they are forgotten one to two minutes after their last use, and what a
stranger can make us keep is bounded.
"""

from __future__ import annotations

from gateway.rules.http1 import FieldBlock, parse_block
from gateway.rules.records import TokenHash

BLOCK_LIMIT = 4096
BLOCK_BYTES = 2048
"""Of one generation: with all that is made of a block some 20 MB. Larger blocks are not kept."""

GENERATION_S = 60.0
"""What was not used for a whole generation is forgotten with the next."""


class Known:
    """A block that was understood, and what is made of it for the app, once it was."""

    __slots__ = ("block", "lines", "token_hash")

    def __init__(self, block: FieldBlock) -> None:
        self.block = block
        self.token_hash: TokenHash | None = None
        """The session's, as the cookie says; None where such requests need a closer look."""
        self.lines = b""
        """See `rules.headers.to_app`."""


class Remembered:
    """`parse_block` with a memory of two generations."""

    def __init__(self) -> None:
        self._young: dict[bytes, Known] = {}
        self._old: dict[bytes, Known] = {}

    def __len__(self) -> int:
        """How many blocks are kept."""
        return len(self._young) + len(self._old)

    def __call__(self, block: bytes) -> FieldBlock:
        """
        The meaning of a block, see `parse_block`.

        Raises:
            BadMessageError: each time anew.
        """
        known = self.known(block)
        if known is None:
            known = Known(parse_block(block))
            self._keep(block, known)
        return known.block

    def known(self, block: bytes) -> Known | None:
        """What is remembered of a block."""
        known = self._young.get(block)
        if known is None and (known := self._old.get(block)) is not None:
            self._keep(block, known)
        return known

    def _keep(self, block: bytes, known: Known) -> None:
        if len(block) <= BLOCK_BYTES:
            if len(self._young) >= BLOCK_LIMIT:
                self.turn()
            self._young[block] = known

    def turn(self) -> None:
        """Begin a generation: to be called every `GENERATION_S`."""
        self._young, self._old = {}, self._young
