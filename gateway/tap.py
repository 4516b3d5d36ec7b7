"""
`twistd gateway -c FILE`: from the configuration to a running service, or to a sentence.

Twisted's plugin names this module by string, and twistd imports it before there is a
reactor: so its first act is `clock.set_up`. Everything that wants OpenSSL or the reactor is
imported later, in the functions. A start that cannot succeed ends with one sentence on stderr
and exit code 1, before anything was opened or changed.
"""

from __future__ import annotations

from gateway import clock

clock.set_up()

import secrets  # noqa: E402 - after the clock
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import ClassVar  # noqa: E402

from twisted.application.service import IService, MultiService  # noqa: E402
from twisted.python import usage  # noqa: E402

from gateway.config import load  # noqa: E402
from gateway.errors import GatewayError  # noqa: E402


class StartRefusedError(SystemExit, Exception):
    """
    The start failed; `str` says why, and so did stderr.

    As a SystemExit it ends the process with code 1 and without a traceback; as an Exception
    it makes twistd remove its PID file and, daemonised, hand the sentence to the terminal.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(1)
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


class Options(usage.Options):
    """What `twistd gateway` takes."""

    synopsis = "[-c FILE]"
    longdesc = (
        "Put passkey sign-in in front of a web app that cannot be changed. "
        "`gateway init` writes a first configuration, `gateway check` examines it."
    )
    optParameters: ClassVar = [["config", "c", "gateway.toml", "The configuration file."]]  # noqa: N815 - Twisted's name


def makeService(options: Options) -> IService:
    """
    The whole service; called by twistd.

    Raises:
        StartRefusedError: something is wrong with the configuration or its surroundings.
    """
    return service_for(Path(options["config"]))


def service_for(path: Path) -> IService:
    """
    The service that a configuration file describes; for .tac files too.

    Raises:
        StartRefusedError: something is wrong with the configuration or its surroundings.
    """
    from twisted.internet import reactor

    from gateway.preflight import prepare, require_start

    try:
        config = load(path)
        require_start(config, now=time.time())
        prepare(config, token_bytes=secrets.token_bytes)
        from gateway.collector import settle
        from gateway.service import build

        reactor.callWhenRunning(settle)
        return Guarded(build(config, reactor))
    except GatewayError as error:
        raise _refused(f"gateway: {error}") from None


class Guarded(MultiService):
    """Turns what goes wrong at the start of a service into a refusal to start."""

    def __init__(self, service: IService) -> None:
        super().__init__()
        self.addService(service)

    def startService(self) -> None:
        """Start, or refuse with a sentence."""
        try:
            super().startService()
        except GatewayError as error:
            raise _refused(f"gateway: {error}") from None
        except SystemExit as end:
            raise _refused(str(end.code)) from None


def _refused(sentence: str) -> StartRefusedError:
    """Say it on the real stderr, which twistd's log has replaced by the time of a start."""
    if sys.__stderr__ is not None:
        sys.__stderr__.write(f"{sentence}\n")
    return StartRefusedError(sentence)
