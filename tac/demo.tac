"""
Everything on this machine, for a first look: `make demo`.

A gateway on http://localhost:8080 (DEMO_PORT) with a store that is thrown away at the end, in
front of a pretend groupware (or of DEMO_BACKEND), and one invitation for the demo person. The
gateway is the product's own service; only its surroundings are made up here.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gateway import clock

clock.set_up()

from twisted.application.service import Application, Service  # noqa: E402
from twisted.internet import reactor  # noqa: E402
from twisted.internet.defer import Deferred  # noqa: E402
from twisted.python.failure import Failure  # noqa: E402

from gateway.admin.verbs import Verbs  # noqa: E402
from gateway.config import load  # noqa: E402
from gateway.initialise import Wish, plan, write  # noqa: E402
from gateway.service import build  # noqa: E402
from gateway.tap import Guarded  # noqa: E402

PERSON = "demo"
PORT = int(os.environ.get("DEMO_PORT", "8080"))
PRETEND = Path("tac/groupware")


class Demo(Service):
    """The demo's own part: the pretend groupware, the invitation, and the tidying up."""

    def __init__(self, directory: Path, groupware: subprocess.Popen[str] | None) -> None:
        self._directory = directory
        self._groupware = groupware

    def startService(self) -> None:
        """Invite the demo person; the gateway beside us is listening by now."""
        super().startService()
        Deferred.fromCoroutine(self._invite()).addErrback(self._give_up)

    async def _invite(self) -> None:
        verbs = Verbs(
            store=gateway.store,
            public=config.gateway.public,
            wall=time.time,
            token_bytes=secrets.token_bytes,
        )
        await verbs.add_person(PERSON, display_name="デモ 太郎")
        invitation = await verbs.invite(PERSON)
        introduce(str(invitation["link"]))

    def _give_up(self, failure: Failure) -> None:
        assert sys.__stderr__ is not None
        sys.__stderr__.write(f"demo: {failure.getErrorMessage()}\n")
        reactor.stop()

    def stopService(self) -> None:
        """Leave nothing behind."""
        super().stopService()
        if self._groupware is not None:
            self._groupware.terminate()
        shutil.rmtree(self._directory, ignore_errors=True)


def introduce(link: str) -> None:
    """Say where to go, in both languages; twistd has taken `sys.stdout` for its log."""
    import qrcode

    home = config.gateway.public.origin
    code = qrcode.QRCode(border=2)
    code.add_data(link)
    say = sys.__stdout__
    assert say is not None
    say.write(
        f"\n  Passkey Gateway  {home}\n\n"
        "  1. 登録用リンク(1回かぎり)を開き、パスキーを登録します。\n"
        "     Open this single-use link and register a passkey:\n\n"
        f"     {link}\n\n"
    )
    code.print_ascii(out=say, invert=say.isatty())
    say.write(
        "  2. アプリを開くと、パスキーを求められます。\n"
        "     Open the app; it asks for your passkey:\n\n"
        f"     {home}/\n\n"
        "  Ctrl-C: 終了 / stop. Nothing is kept.\n\n"
    )
    say.flush()


def pretend_groupware() -> tuple[subprocess.Popen[str], str]:
    """A process of its own, as a real app is; it ends when we do."""
    command = [sys.executable, str(PRETEND), "--port", "0", "--until-stdin-closes"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline().split()
    if line[:2] != ["listening", "on"]:
        raise SystemExit("demo: the pretend groupware did not start; its message is above")
    return process, f"http://{line[2]}"


def furnish(app: str) -> Path:
    """A configuration as `gateway init` writes it, in a directory that goes away."""
    directory = Path(tempfile.mkdtemp(prefix="gateway-demo-"))
    wish = Wish(
        url=f"http://localhost:{PORT}",
        app=app,
        name="Passkey Gateway デモ",
        language="ja",
        directory=directory,
    )
    # No health port: two demos may run side by side. The name is the pretend groupware's own.
    text = plan(wish).replace("[listen]\n", '[listen]\nhealth = ""\n')
    text = text.replace("[sessions]\n", 'internal_names = ["groupware.internal"]\n\n[sessions]\n')
    write(wish, text, token_bytes=secrets.token_bytes)
    return directory


backend = os.environ.get("DEMO_BACKEND", "")
child = None
if not backend:
    child, backend = pretend_groupware()
place = furnish(backend)
config = load(place / "gateway.toml")
gateway = build(config, reactor)

application = Application("Passkey Gateway demo")
Guarded(gateway).setServiceParent(application)
Demo(place, child).setServiceParent(application)
