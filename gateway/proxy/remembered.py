"""
What exact blocks of field lines mean, remembered for a short while.

A browser asks for a page and then, with the very same field lines, for all its pictures. Only a
pure function of the bytes is kept: whose session it is, is looked up for each request. The
blocks hold cookies, so they are forgotten one to two minutes after their last use, and what a
stranger can make us keep is bounded.
"""

from __future__ import annotations

from gateway.rules.http1 import FieldBlock, parse_block

BLOCK_LIMIT = 4096
BLOCK_BYTES = 2048
"""Of one generation: with all that is made of a block some 16 MB. Larger blocks are not kept."""

GENERATION_S = 60.0
"""What was not used for a whole generation is forgotten with the next."""


class Remembered:
    """`parse_block` with a memory of two generations."""

    def __init__(self) -> None:
        self._young: dict[bytes, FieldBlock] = {}
        self._old: dict[bytes, FieldBlock] = {}

    def __len__(self) -> int:
        """How many blocks are kept."""
        return len(self._young) + len(self._old)

    def __call__(self, block: bytes) -> FieldBlock:
        """
        The meaning of a block, see `parse_block`.

        Raises:
            BadMessageError: each time anew.
        """
        understood = self._young.get(block)
        if understood is None:
            understood = self._old.get(block) or parse_block(block)
            self._keep(block, understood)
        return understood

    def _keep(self, block: bytes, understood: FieldBlock) -> None:
        if len(block) <= BLOCK_BYTES:
            if len(self._young) >= BLOCK_LIMIT:
                self.turn()
            self._young[block] = understood

    def turn(self) -> None:
        """Begin a generation: to be called every `GENERATION_S`."""
        self._young, self._old = {}, self._young
