"""
A process that enrols passkeys until it is killed: `python -m tests.store.acknowledger PATH NAME`.

It says a credential's id only when all that belongs to it was acknowledged by the store.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

from gateway.store.interface import Store
from gateway.store.sealing import KEY_BYTES, Sealer
from gateway.store.sqlite import open_store
from tests.store.pump import Pump
from tests.store.samples import invitation, passkey, session, token_hash


async def enrol(store: Store, name: str) -> None:
    """Invite Anna, register a passkey of that name, sign her in, and say so."""
    await store.issue_invitation(invitation(name))
    key = passkey(name.encode())
    await store.register_passkey(key, invitation=token_hash(name), now=1999.0)
    await store.remember_session(session(name), replacing=None)
    os.write(1, name.encode() + b"\n")


def enrol_for_ever() -> None:
    """Enrol one after the other."""
    pump = Pump()
    sealer = Sealer([b"k" * KEY_BYTES], os.urandom)
    store = open_store(Path(sys.argv[1]), sealer, from_thread=pump.from_thread)
    for number in itertools.count():
        pump.run(enrol(store, f"{sys.argv[2]}-{number}"))


if __name__ == "__main__":
    enrol_for_ever()
