"""The bulletin board's pages: read, write (urlencoded or with files), and see the bytes again."""

from __future__ import annotations

from html import escape

from attachments import disposition
from board import Board, Post
from visit import Visit, fill, icon


class Bulletin:
    """The acts of the bulletin board."""

    def __init__(self, board: Board) -> None:
        self._board = board

    async def listing(self, visit: Visit) -> None:
        """All bulletins, newest first."""
        rows = "".join(
            f'<li><a href="#cmd=bbsshow&amp;id={post.number}"><b>{_text(post.title)}</b>'
            f"<span>{_text(post.text)[:60]}</span></a>"
            f"<small>{escape(post.author)}<br>{post.when}</small></li>"
            for post in self._board.posts
        )
        html = (
            '<div class="toolbar"><h2>掲示板</h2>'
            f'<a class="button strong" href="#cmd=bbsnew">{icon("pen")} 書き込む</a></div>'
            f'<ul class="card rows">{rows}</ul>'
        )
        await visit.view("掲示板", html)

    async def show(self, visit: Visit) -> None:
        """One bulletin with exactly the text that was sent."""
        post = self._board.find(visit.asked.get("id", ""))
        if post is None:
            await visit.refuse("その掲示は見つかりません。", 404)
            return
        html = f"""
<p class="back"><a href="#cmd=bbslist">{icon("back")} 掲示板へ戻る</a></p>
<article class="card letter"><h2 id="post-title">{_text(post.title)}</h2>
<p class="meta">{escape(post.author)}・{post.when}</p>
<pre id="post-text">{_text(post.text)}</pre>{_files(post)}
<p class="meta bytes">{icon("check")} {len(post.text)} バイト
<code id="post-sha256">{post.digest}</code>
<a href="?cmd=bbsraw&amp;id={post.number}">受け取ったままのバイト列</a></p></article>"""
        await visit.view(post.title.decode("utf-8", "replace"), html)

    async def new(self, visit: Visit) -> None:
        """The form; without a file it goes urlencoded, with one as multipart."""
        html = fill(
            "bulletin_form.html",
            back=icon("back"),
            pen=icon("pen"),
            token=escape(visit.signed_in.token),
        )
        await visit.view("掲示を書く", html)

    async def post(self, visit: Visit) -> None:
        """Put it up, then go and look at it: a relative redirect into the middle of the app."""
        if not visit.is_proven:
            await visit.refuse(
                "この書き込みは、画面の有効期限が切れています。もう一度開いてください。"
            )
            return
        post = self._board.add(visit.signed_in.person.name, visit.form)
        program = visit.settings.program("dneo").rpartition("/")[2]
        await visit.exchange.redirect(f"{program}?cmd=bbsindex#cmd=bbsshow&id={post.number}")

    async def raw(self, visit: Visit) -> None:
        """The text's bytes as they came."""
        post = self._board.find(visit.asked.get("id", ""))
        if post is None:
            await visit.refuse("その掲示は見つかりません。", 404)
            return
        headers = [
            ("Content-Type", "application/octet-stream"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        await visit.exchange.answer(200, headers, post.text)

    async def attachment(self, visit: Visit) -> None:
        """A file that came with a bulletin."""
        post = self._board.find(visit.asked.get("id", ""))
        number = visit.asked.get("file", "")
        if post is None or not number.isdigit() or int(number) >= len(post.files):
            await visit.refuse("そのファイルは見つかりません。", 404)
            return
        upload = post.files[int(number)]
        name = upload.filename.decode("utf-8", "replace")
        headers = [("Content-Type", "application/octet-stream"), disposition("rfc5987", name)]
        await visit.exchange.answer(200, headers, bytes(upload.kept))


def _text(written: bytes) -> str:
    return escape(written.decode("utf-8", "replace"))


def _files(post: Post) -> str:
    rows = "".join(
        f'<li>{icon("clip")}<a href="?cmd=bbsfile&amp;id={post.number}&amp;file={number}">'
        f"{_text(upload.filename)}</a><small>{upload.size_bytes:,} バイト</small></li>"
        for number, upload in enumerate(post.files)
    )
    return f'<ul class="clips">{rows}</ul>' if rows else ""
