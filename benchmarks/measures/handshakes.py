"""Full TLS handshakes: a new visitor's price. `openssl s_time -new` never resumes."""

from __future__ import annotations

import re
import shutil
import subprocess

from benchmarks.child import NotHereError
from benchmarks.load import LoadError
from benchmarks.subjects.subject import Running

PATIENCE_S = 30.0
_count = re.compile(r"^(\d+) connections in (\d+) real seconds", re.MULTILINE)


def measure(running: Running, *, seconds: int) -> dict[str, float]:
    """
    Handshakes one after the other: their rate is the client's too, the CPU is the proxy's alone.

    Raises:
        NotHereError: there is no openssl.
        LoadError: no handshake succeeded.
    """
    if shutil.which("openssl") is None:
        raise NotHereError("openssl is not installed (Debian: openssl)")
    where = f"localhost:{running.place.port}"
    arguments = ["openssl", "s_time", "-new", "-time", str(seconds), "-connect", where]
    used = running.cpu_s()
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=False, timeout=seconds + PATIENCE_S
    )
    used = running.cpu_s() - used
    found = _count.search(done.stdout)
    count = int(found[1]) if found else 0
    if not count:
        raise LoadError(f"openssl s_time says: {(done.stdout + done.stderr).strip()[-200:]}")
    return {"cpu_us": used / count * 1e6, "handshakes_per_s": count / seconds}
