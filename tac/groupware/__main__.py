"""
Start the pretend groupware: ``python tac/groupware --port 0 [--control-port 0] [options]``.

Prints one line, ``listening on 127.0.0.1:PORT control 127.0.0.1:PORT``, when it is ready.  Ends on
SIGTERM, on SIGINT, and with ``--until-stdin-closes`` when whoever started it is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import threading
from datetime import date

from control import Control
from faults import Faults
from record import Record
from routes import Groupware
from settings import Settings
from wire import KEEP_ALIVE_S, Server


def options() -> argparse.Namespace:
    """What the command line says."""
    wanted = argparse.ArgumentParser(prog="groupware", description=__doc__)
    wanted.add_argument("--port", type=int, default=0)
    wanted.add_argument("--control-port", type=int, default=0)
    wanted.add_argument("--until-stdin-closes", action="store_true")
    wanted.add_argument("--keep-alive-seconds", type=float, default=KEEP_ALIVE_S)
    wanted.add_argument("--directory", default="/cgi-bin/dneo", help="e.g. /scripts/dneo")
    wanted.add_argument("--suffix", default=".cgi", help="e.g. .exe")
    wanted.add_argument("--internal-name", default="groupware.internal")
    wanted.add_argument("--sign-in", choices=("select", "fields"), default="select")
    wanted.add_argument("--set-cookie", action="store_true", help="cookies by the server")
    wanted.add_argument("--lock-out", type=int, default=0, metavar="N")
    wanted.add_argument("--poll-seconds", type=float, default=60.0)
    wanted.add_argument("--api-call-seconds", type=float, default=0.05)
    wanted.add_argument("--api-penalty-seconds", type=float, default=10.0)
    wanted.add_argument("--today", type=date.fromisoformat, default=None)
    return wanted.parse_args()


def settings_from(chosen: argparse.Namespace) -> Settings:
    """The options as the app knows them."""
    return Settings(
        directory=chosen.directory,
        suffix=chosen.suffix,
        internal_name=chosen.internal_name,
        sign_in_form=chosen.sign_in,
        sends_set_cookie=chosen.set_cookie,
        lock_out_after=chosen.lock_out,
        poll_s=chosen.poll_seconds,
        api_call_s=chosen.api_call_seconds,
        api_penalty_s=chosen.api_penalty_seconds,
        fixed_today=chosen.today,
    )


def end_with_stdin(loop: asyncio.AbstractEventLoop, end: asyncio.Event) -> None:
    """Watch stdin from a thread of its own, since it may be a pipe, a file or a terminal."""

    def watch() -> None:
        while os.read(0, 4096):
            continue
        loop.call_soon_threadsafe(end.set)

    threading.Thread(target=watch, daemon=True).start()


async def serve(chosen: argparse.Namespace) -> None:
    """Run both ports until told to end."""
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    if chosen.until_stdin_closes:
        end_with_stdin(loop, end)
    groupware = Groupware(settings_from(chosen))
    app = Server(groupware.route, Record(), Faults(), chosen.keep_alive_seconds)
    control = Server(Control(app).route, Record(), Faults())
    await app.listen(chosen.port)
    await control.listen(chosen.control_port)
    print(f"listening on 127.0.0.1:{app.port} control 127.0.0.1:{control.port}", flush=True)
    await end.wait()
    await app.end()
    await control.end()


if __name__ == "__main__":
    asyncio.run(serve(options()))
