"""
Memory under large bodies: slow downloads and uploads at once, which a proxy must not keep.

The browsers read nothing for a while, then slowly; the app takes the uploads slowly. What the
proxy's memory grows by is what it keeps of them.
"""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import Future, ThreadPoolExecutor

from benchmarks.load import LoadError
from benchmarks.measures.visitor import answer_head, connect, head
from benchmarks.subjects.subject import Running

EACH = 5
DOWNLOAD_BYTES = 300 * 10**6
UPLOAD_BYTES = 200 * 10**6
STALL_S = 2.0
"""For which nothing is read: what a proxy takes meanwhile, it keeps."""

DOWNLOAD_BYTES_PER_S = 30e6
LOOK_EVERY_S = 0.1
PIECE = bytes(64 * 1024)


def measure(
    running: Running, *, download_bytes: int = DOWNLOAD_BYTES, upload_bytes: int = UPLOAD_BYTES
) -> dict[str, float]:
    """
    The largest growth while all is under way.

    Raises:
        LoadError: a body did not arrive whole.
    """
    before = running.resident_bytes()
    with ThreadPoolExecutor(2 * EACH) as browsers:
        work = [browsers.submit(_download, running, download_bytes) for _ in range(EACH)]
        work += [browsers.submit(_upload, running, upload_bytes) for _ in range(EACH)]
        peak = _watch(running, work)
        for each in work:
            each.result()
    return {"growth_mib": (peak - before) / 2**20}


def _watch(running: Running, work: list[Future[None]]) -> int:
    peak = running.resident_bytes()
    while not all(each.done() for each in work):
        peak = max(peak, running.resident_bytes())
        time.sleep(LOOK_EVERY_S)
    return peak


def _download(running: Running, size: int) -> None:
    with contextlib.closing(connect(running)) as browser:
        browser.sendall(head(running, "GET", f"/bytes/{size}"))
        time.sleep(STALL_S)
        _, rest = answer_head(browser)
        came, begun = len(rest), time.monotonic()
        while came < size:
            piece = browser.recv(len(PIECE))
            if not piece:
                raise LoadError(f"a download ended after {came} of {size} bytes")
            came += len(piece)
            ahead_s = came / DOWNLOAD_BYTES_PER_S - (time.monotonic() - begun)
            time.sleep(max(0.0, ahead_s))


def _upload(running: Running, size: int) -> None:
    with contextlib.closing(connect(running)) as browser:
        browser.sendall(head(running, "POST", "/upload", f"Content-Length: {size}"))
        for _ in range(size // len(PIECE)):
            browser.sendall(PIECE)
        browser.sendall(PIECE[: size % len(PIECE)])
        front, rest = answer_head(browser)
        if b" 200 " not in front[:14] or rest != b"%d" % size:
            raise LoadError(f"an upload was answered {front[:40]!r} {rest[:20]!r}")
