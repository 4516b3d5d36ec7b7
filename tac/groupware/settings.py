"""What one run of the pretend groupware is told from outside: names, variants, patience."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

TOKYO = timezone(timedelta(hours=9), "JST")
"""Japan has no summer time, so a fixed offset is right and needs no zone files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The variants of the pretend groupware that a test or the demo may ask for."""

    directory: str = "/cgi-bin/dneo"
    """Where the programs live: case counts, no slash at the end."""
    suffix: str = ".cgi"
    internal_name: str = "groupware.internal"
    """The name (with port, if any) the app believes it has; it shows in Location and Refresh."""
    sign_in_form: str = "select"
    """"select" shows the list of people before sign-in, "fields" asks for ID and password."""
    sends_set_cookie: bool = False
    """True: the server sets its session cookies; False: the page's script does, from JSON."""
    lock_out_after: int = 0
    """Wrong passwords in a row that lock a person; 0 = never."""
    poll_s: float = 60.0
    """How often an open page asks for news."""
    api_key: str = "demo-access-key"
    api_call_s: float = 0.05
    """How long one call of the serialised API takes."""
    api_penalty_s: float = 10.0
    """How long the API answers 429 once more than ten calls waited."""
    fixed_today: date | None = None
    """A fixed date for pictures and tests; None = the real one."""

    def today(self) -> date:
        """The day in Japan on which the shown week and the greetings depend."""
        return self.fixed_today or datetime.now(tz=TOKYO).date()

    def program(self, name: str) -> str:
        """The path of one of the app's programs, such as ``/cgi-bin/dneo/dneo.cgi``."""
        return f"{self.directory}/{name}{self.suffix}"

    @property
    def cookie_path(self) -> str:
        """Where the session cookies count: the PC and the phone version together."""
        return self.directory.rpartition("/")[0] + "/"

    def inside(self, path: str) -> str:
        """An absolute address as the app itself spells it: http, and its internal name."""
        return f"http://{self.internal_name}{path}"
