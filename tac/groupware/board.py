"""The bulletin board and the document shelf: what people wrote, kept byte for byte in memory."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from made_up import made_up
from settings import TOKYO
from submission import Submission, Upload

POST_LIMIT = 300
UPLOAD_LIMIT = 50
"""Older ones fall off, so that a demo that runs for weeks does not grow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One bulletin; title and text are the bytes that the form sent."""

    number: int
    author: str
    when: str
    title: bytes
    text: bytes
    files: tuple[Upload, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the text's bytes, to compare by eye."""
        return hashlib.sha256(self.text).hexdigest()


@dataclass(slots=True)
class Board:
    """All bulletins, newest first."""

    posts: deque[Post] = field(default_factory=lambda: deque(_first_posts(), maxlen=POST_LIMIT))

    def add(self, author: str, form: Submission) -> Post:
        """Put up what a form sent."""
        post = Post(
            number=self.posts[0].number + 1,
            author=author,
            when=datetime.now(tz=TOKYO).strftime("%m/%d %H:%M"),
            title=form.raw(b"title"),
            text=form.raw(b"text"),
            files=tuple(upload for upload in form.files if upload.filename),
        )
        self.posts.appendleft(post)
        return post

    def find(self, number: str) -> Post | None:
        """One bulletin."""
        return next((post for post in self.posts if str(post.number) == number), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One line of the document shelf."""

    number: int
    name: str
    size_bytes: int
    author: str
    when: str
    digest: str = ""
    upload: Upload | None = None


@dataclass(slots=True)
class Shelf:
    """All documents, newest first; the content of big ones is gone, their hash stays."""

    documents: deque[Document] = field(
        default_factory=lambda: deque(_first_documents(), maxlen=UPLOAD_LIMIT)
    )

    def add(self, author: str, upload: Upload) -> Document:
        """Register an uploaded file."""
        document = Document(
            number=self.documents[0].number + 1,
            name=upload.filename.decode("utf-8", "replace"),
            size_bytes=upload.size_bytes,
            digest=upload.digest.hexdigest(),
            author=author,
            when=datetime.now(tz=TOKYO).strftime("%m/%d %H:%M"),
            upload=upload,
        )
        self.documents.appendleft(document)
        return document

    def find(self, number: str) -> Document | None:
        """One document."""
        return next((one for one in self.documents if str(one.number) == number), None)


def _first_posts() -> list[Post]:
    return [
        Post(**table | {name: _typed(table[name]) for name in ("title", "text")})
        for table in made_up("post")
    ]


def _typed(text: str) -> bytes:
    """A text as a browser's form would send it: line ends as CRLF."""
    return text.replace("\n", "\r\n").encode()


def _first_documents() -> list[Document]:
    return [Document(**table) for table in made_up("document")]
