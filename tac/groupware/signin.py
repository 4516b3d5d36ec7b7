"""The app's own sign-in: form, JSON answer, cookies by script or by the server."""

from __future__ import annotations

from html import escape

from exchange import Header
from people import GROUPS, STAFF, AppSession, Attendance, by_login, by_number
from settings import Settings
from visit import Visit, fill, icon, sprite

SESSION_COOKIE = "dnzSid"


class SignIn:
    """The three acts before and after everything else: show the form, certify, sign out."""

    def __init__(self, settings: Settings, attendance: Attendance) -> None:
        self._settings = settings
        self._attendance = attendance

    def who(self, visit_cookies: dict[str, str]) -> AppSession | None:
        """The session that a browser's cookies name."""
        return self._attendance.find(visit_cookies.get(SESSION_COOKIE, ""))

    async def form(self, visit: Visit) -> None:
        """Show the sign-in page; ``nexturl`` is what was asked for."""
        target = visit.exchange.request.target.decode("latin-1")
        page = fill(
            "signin.html",
            sprite=sprite(),
            program=self._settings.program("dneo"),
            nexturl=escape(target.replace("&log=on", "").replace("?log=on", "?")),
            chooser=_people_list() if self._settings.sign_in_form == "select" else _login_field(),
            sets_cookies="no" if self._settings.sends_set_cookie else "yes",
            cookie_path=self._settings.cookie_path,
        )
        await visit.exchange.page(page)

    async def certify(self, visit: Visit) -> None:
        """Check name and password, and answer JSON from which the script makes its cookies."""
        asked = visit.asked
        person = by_number(asked["uid"]) if "uid" in asked else by_login(asked.get("UserID", ""))
        session = self._attendance.sign_in(person, asked.get("_word", ""))
        if session is None:
            message = "ログインできません。名前とパスワードを確かめてください。"
            await visit.exchange.json({"status": "ng", "message": message})
            return
        headers = self._cookies(session) if self._settings.sends_set_cookie else []
        await visit.exchange.json(self._certificate(session), headers=headers)

    async def logout(self, visit: Visit) -> None:
        """End the session and go home by the old ``Refresh`` header, with the inner name."""
        if visit.session is not None:
            self._attendance.end(visit.session.rssid)
        home = self._settings.inside(self._settings.program("dneo"))
        page = fill(
            "notice.html",
            message="ログアウトしました。",
            home=self._settings.program("dneo"),
        )
        headers: list[Header] = [
            ("Refresh", f"1; url={home}?cmd=login"),
            ("Set-Cookie", f"{SESSION_COOKIE}=; Path={self._settings.cookie_path}; Max-Age=0"),
        ]
        await visit.exchange.page(page, headers=headers)

    def _certificate(self, session: AppSession) -> dict[str, str]:
        return {
            "status": "ok",
            "rssid": session.rssid,
            "STOKEN": session.token,
            "id": str(session.person.number),
            "svlid": "1",
        }

    def _cookies(self, session: AppSession) -> list[Header]:
        """Several lines, a repeated name on two paths, one inner Domain: as rude as it gets."""
        place = f"Path={self._settings.cookie_path}"
        inner = self._settings.internal_name.partition(":")[0]
        return [
            ("Set-Cookie", f"{SESSION_COOKIE}={session.rssid}; {place}"),
            ("set-cookie", f"dnzToken={session.token}; {place}"),
            ("Set-Cookie", f"dnzInfo={session.person.number}; Path=/"),
            ("Set-Cookie", f"dnzInfo={session.person.number}; {place}"),
            ("Set-Cookie", f"dnzSv=1; Domain={inner}; Path=/; HttpOnly"),
        ]


def _people_list() -> str:
    """The list of names that shows before sign-in: what a gateway is there to hide."""
    groups = "".join(f'<optgroup label="{group}">{_choices(group)}</optgroup>' for group in GROUPS)
    return (
        f'<label class="field"><span>{icon("user")} 名前</span>'
        f'<select name="uid" id="uid">{groups}</select></label>'
    )


def _choices(group: str) -> str:
    return "".join(
        f'<option value="{person.number}"{" selected" if person is STAFF[0] else ""}>'
        f"{person.name}（{person.kana}）</option>"
        for person in STAFF
        if person.group == group
    )


def _login_field() -> str:
    return (
        f'<label class="field"><span>{icon("user")} ログインID</span>'
        f'<input name="UserID" id="UserID" autocomplete="username" value="{STAFF[0].login}">'
        "</label>"
    )
