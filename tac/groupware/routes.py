"""Which address leads where: the only file that knows all parts of the pretend groupware."""

from __future__ import annotations

import bench
import sockets
import static_files
from api import Interface
from attachments import Attachments
from board import Board, Shelf
from bulletin import Bulletin
from calendar_view import Calendar
from chat import Chat
from documents import Documents
from exchange import Exchange
from frames import Reports
from mail import Mail
from message import Pairs
from people import Attendance
from portal import Portal
from settings import Settings
from shell import Shell
from signin import SignIn
from submission import Submission, read_submission
from visit import Act, Visit


class Groupware:
    """The app as one route for the server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sign_in = SignIn(settings, Attendance(settings.lock_out_after))
        self._chat = Chat()
        self._reports = Reports()
        interface = Interface(settings.api_call_s, settings.api_penalty_s, settings.api_key)
        self._open: dict[str, Act] = {
            settings.program("dneor") + "/certify/": self._sign_in.certify,
            settings.program("appsr"): interface.call,
            settings.program("zrconst"): interface.call,
        }
        main = self._main_acts()
        self._programs: dict[str, dict[str, Act]] = {
            settings.program("dneo"): main,
            settings.program("appsuite"): {
                "cdbbrowsedetailframe": self._reports.frame,
                "cdbpost": self._reports.post,
            },
            settings.program("zchat"): {"wait": self._chat.wait, "say": self._chat.say},
            settings.directory + "sp/dneosp" + settings.suffix: main,
        }

    def _main_acts(self) -> dict[str, Act]:
        board, shell = Board(), Shell()
        bulletin, documents = Bulletin(board), Documents(Shelf())
        portal, calendar, mail = Portal(board), Calendar(), Mail()
        return {
            **dict.fromkeys(Shell.PARTS, shell.show),
            "portal": portal.show,
            "poll": portal.news,
            "schweekgrp": calendar.week,
            "schshow": calendar.appointment,
            "bbslist": bulletin.listing,
            "bbsshow": bulletin.show,
            "bbsnew": bulletin.new,
            "bbspost": bulletin.post,
            "bbsraw": bulletin.raw,
            "bbsfile": bulletin.attachment,
            "maillist": mail.listing,
            "mailshow": mail.show,
            "mailfile": Attachments().send,
            "doclist": documents.listing,
            "docupload": documents.upload,
            "docfile": documents.download,
            "csvstaff": documents.staff_csv,
            "csvweek": documents.week_csv,
            "applist": self._reports.page,
            "chat": self._chat.page,
        }

    async def route(self, exchange: Exchange) -> None:
        """Answer one request; addresses are matched on raw bytes, case and all."""
        path = exchange.request.path.decode("latin-1")
        if path == "/":
            await exchange.redirect(self._settings.inside(self._settings.program("dneo")))
        elif path.startswith("/dneores/dneo/"):
            await static_files.send(exchange)
        elif path == self._settings.program("zsocket"):
            await sockets.echo(exchange)
        elif path.startswith("/bench/"):
            await bench.route(exchange, self._settings)
        elif path in self._open or path in self._programs:
            await self._program(path, exchange)
        else:
            await exchange.answer(404, [("Content-Type", "text/plain")], b"no such program\n")

    async def _program(self, path: str, exchange: Exchange) -> None:
        visit = await self._visit(exchange)
        if path in self._open:
            await self._open[path](visit)
            return
        acts = self._programs[path]
        cmd = visit.asked.get("cmd", "portalindex")
        if cmd == "certify":
            await self._sign_in.certify(visit)
        elif cmd == "logout":
            await self._sign_in.logout(visit)
        elif visit.session is None or cmd == "login" or visit.asked.get("log") == "on":
            await self._ask_for_sign_in(visit)
        elif cmd in acts:
            await acts[cmd](visit)
        else:
            await visit.refuse("その画面はありません。", 404)

    async def _ask_for_sign_in(self, visit: Visit) -> None:
        if visit.exchange.request.asks_by_script:
            await visit.exchange.json({"status": "timeout", "message": "ログインしてください。"})
        else:
            await self._sign_in.form(visit)

    async def _visit(self, exchange: Exchange) -> Visit:
        is_form = exchange.request.method == b"POST"
        form = await read_submission(exchange) if is_form else Submission(fields=Pairs([]))
        return Visit(
            exchange=exchange,
            settings=self._settings,
            asked=exchange.request.query_text() | form.text(),
            form=form,
            session=self._sign_in.who(exchange.request.cookies()),
        )
