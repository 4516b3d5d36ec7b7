"""
One SOGo with its database, cache, mail server and web server: all on loopback, all thrown away.

Root starts it; everything runs as the account `sogo` of Debian's package. The machine's own
PostgreSQL, dovecot, memcached and nginx are not touched.
"""

from __future__ import annotations

import base64
import secrets
import shutil
import signal
import tempfile
import urllib.error
import urllib.request
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.apps.sogo import settings
from tests.apps.sogo.children import START_LIMIT_S, Children
from tests.apps.sogo.people import PEOPLE, WEEK, icalendar, letter
from tests.instruments.gateway_process import free_port

GREEN = """\
<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:" xmlns:A="http://apple.com/ns/ical/"><D:set>
<D:prop><A:calendar-color>#A5D6A7FF</A:calendar-color></D:prop></D:set></D:propertyupdate>
"""


class Sogo:
    """A running SOGo; a context manager."""

    def __init__(self, *, today: date) -> None:
        self._today = today
        self.directory = Path(tempfile.mkdtemp(prefix="gateway-sogo-"))
        self._children = Children(self.directory)
        self.ground = settings.Ground(
            directory=self.directory,
            account=self._children.account.pw_name,
            password=secrets.token_hex(8),
            database_port=free_port(),
            imap_port=free_port(),
            daemon_port=free_port(),
            web_port=free_port(),
        )

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.ground.url

    @property
    def password(self) -> str:
        """Everybody's password there."""
        return self.ground.password

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(self.close)
            self.start()
            stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start everything and put in people, appointments and a letter."""
        self._write_settings()
        self._start_database()
        there = self.directory
        self._children.spawn("memcached", "-s", str(there / "memcached"), "-m", "32")
        self._children.spawn("dovecot", "-F", "-c", str(there / "dovecot.conf"))
        defaults = settings.sogo_defaults(self.ground).items()
        words = [word for key, value in defaults for word in (f"-{key}", settings.plist(value))]
        self._children.spawn("sogod", *words, ends_by=signal.SIGINT)  # SIGTERM takes it long
        self._children.spawn("nginx", "-e", "stderr", "-c", str(there / "nginx.conf"))
        self._children.wait_until(self._answers, what="SOGo")
        self._fill_calendar()

    def close(self) -> None:
        """End everything and remove the directory."""
        self._children.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log_text(self) -> str:
        """All that its processes have printed so far."""
        return self._children.log_text()

    def _write_settings(self) -> None:
        there, ground = self.directory, self.ground
        (there / "people.sql").write_text(settings.people_sql(ground))
        (there / "password").write_text(ground.password)
        (there / "imap-passwords").write_text(settings.imap_passwords(ground))
        (there / "dovecot.conf").write_text(settings.dovecot(ground))
        (there / "nginx.conf").write_text(settings.nginx(ground))
        for name in ("dovecot", "spool", *(f"mail/{each.login}" for each in PEOPLE)):
            (there / name).mkdir(parents=True)
        inbox = there / "mail" / "hanako" / "Maildir" / "new"
        inbox.mkdir(parents=True)
        (inbox / "1.welcome").write_bytes(letter(self._today))
        self._children.own()

    def _start_database(self) -> None:
        there, port = self.directory, str(self.ground.database_port)
        cluster = str(there / "database")
        self._children.run(
            *("initdb", "--pgdata", cluster, "--username=sogo", "--auth=scram-sha-256"),
            *(f"--pwfile={there / 'password'}", "--locale=C.UTF-8", "--encoding=UTF8"),
            "--no-sync",
        )
        place = ("-h", "127.0.0.1", "-p", port)
        self._children.spawn(
            *("postgres", "-D", cluster, "-F", "-k", str(there), *place),
            ends_by=signal.SIGINT,  # without waiting for its clients
        )
        is_ready = ("pg_isready", "--quiet", *place)
        self._children.wait_until(lambda: self._children.succeeds(*is_ready), what="PostgreSQL")
        table = self.ground.table("").rstrip("/")
        self._children.run(
            *("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", table, "-f", str(there / "people.sql"))
        )

    def _fill_calendar(self) -> None:
        """By CalDAV, as a calendar program would (RFC 4791 5.3.2)."""
        for number, appointment in enumerate(WEEK):
            text = icalendar(appointment, today=self._today, uid=f"week-{number}")
            self._caldav("PUT", f"week-{number}.ics", "text/calendar; charset=utf-8", text)
        self._caldav("PROPPATCH", "", "application/xml", GREEN)

    def _caldav(self, method: str, name: str, kind: str, body: str) -> None:
        credentials = base64.b64encode(f"hanako:{self.password}".encode("ascii")).decode("ascii")
        request = urllib.request.Request(
            f"{self.url}/SOGo/dav/hanako/Calendar/personal/{name}",
            data=body.encode(),
            method=method,
            headers={"Authorization": f"Basic {credentials}", "Content-Type": kind},
        )
        urllib.request.urlopen(request, timeout=START_LIMIT_S).close()

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/SOGo/", timeout=START_LIMIT_S).close()
        except (urllib.error.URLError, ConnectionError):
            return False
        return True
