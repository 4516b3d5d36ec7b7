"""
`gateway init`: a first configuration that is complete, commented and private.

Everything is checked before anything is written; what is there is never overwritten; the
configuration file comes last, so that it stands only beside what it names.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.config import examine
from gateway.config.endpoints import is_loopback
from gateway.config.kinds import parse_backend
from gateway.errors import GatewayError
from gateway.rules.public import PublicOrigin, parse_origin
from gateway.store.sealing import write_new_key

FILE_NAME = "gateway.toml"
FILE_MODE = 0o640
"""It holds no secret; a group of administrators may read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the administrator said."""

    url: str
    app: str
    name: str
    language: str
    directory: Path

    @property
    def file(self) -> Path:
        """The configuration file to be."""
        return self.directory / FILE_NAME

    @property
    def data_dir(self) -> Path:
        """The data directory to be."""
        return self.directory / "data"


def plan(wish: Wish) -> str:
    """
    The configuration that would be written.

    Raises:
        GatewayError: a value is wrong, or something is there already.
    """
    public = _public(wish.url)
    try:
        parse_backend(wish.app)
    except ValueError as error:
        raise GatewayError(f"--app: {wish.app!r} seen, wanted: {error}") from None
    for path in (wish.file, wish.data_dir):
        if os.path.lexists(path):
            raise GatewayError(f"{path} is there already; nothing was changed")
    text = _text(wish, public)
    _require_sense(text, wish)
    return text


def write(wish: Wish, text: str, *, token_bytes: Callable[[int], bytes]) -> None:
    """
    Carry out the plan.

    Raises:
        GatewayError: the system refused.
    """
    try:
        wish.directory.mkdir(parents=True, exist_ok=True)
        wish.data_dir.mkdir(mode=0o700)
        wish.data_dir.chmod(0o700)  # whatever the umask is
        write_new_key(wish.data_dir / "sealing.key", token_bytes)
        descriptor = os.open(wish.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise GatewayError(f"{error.filename}: {error.strerror}") from None


def next_steps(wish: Wish) -> str:
    """What to do now, as commands to copy."""
    file = wish.file
    lines = [
        "What to do next:",
        f"  1. see whether all is in place     gateway check -c {file}",
        f"  2. let the first person in         gateway -c {file} users add NAME",
        f"                                     gateway -c {file} users invite NAME --qr",
        f"  3. start the gateway               gateway run -c {file}",
    ]
    if _public(wish.url).is_secure:
        lines.append(
            "Browsers refuse passkeys with the self-signed certificate it begins with:\n"
            f"put yours into [tls] in {file}."
        )
    lines.append(f"Back up {wish.data_dir}; keep sealing.key apart from the rest.")
    return "\n".join(lines)


def _public(url: str) -> PublicOrigin:
    try:
        return parse_origin(url)
    except ValueError as error:
        raise GatewayError(f"--url: {url!r} seen, wanted: {error}") from None


def _require_sense(text: str, wish: Wish) -> None:
    """Read it as the service will; a mistake shows itself before there is a file."""
    with tempfile.TemporaryDirectory() as place:
        draft = Path(place) / FILE_NAME
        draft.write_text(text, encoding="utf-8")
        _, mistakes = examine(draft)
    if mistakes:
        raise GatewayError(str(mistakes[0]).replace(str(draft), str(wish.file)))


def _text(wish: Wish, public: PublicOrigin) -> str:
    is_https = parse_backend(wish.app).scheme == "https"
    return _TEMPLATE.format(
        url=_quoted(public.origin),
        name=f"name = {_quoted(wish.name)}\n" if wish.name else "",
        language=_quoted(wish.language),
        listen=_listen(public),
        app=_quoted(wish.app),
        trust=_TRUST if is_https else "",
    )


_TEMPLATE = """\
# Passkey Gateway. Every key is explained in docs/configuration.md;
# `gateway check -c` this file after a change.

[gateway]
url = {url}
{name}language = {language}
data_dir = "data"

{listen}
[[app]]
url = {app}
{trust}# internal_names = ["groupware.local"]   # further names by which the app calls itself

[sessions]
idle = "2h"
lifetime = "12h"
"""

_TRUST = """\
# ca = "/etc/gateway/tls/app-ca.pem"     # if its certificate is from an authority of your own
# server_name = "groupware.local"        # if its certificate is for another name
"""


def _listen(public: PublicOrigin) -> str:
    if not public.is_secure:
        assert is_loopback(public.host)
        http = f"tcp:{public.port}:interface=127.0.0.1"
        return f'[listen]\nhttps = ""\nhttp = "{http}"\n\n[tls]\nmode = "off"\n'
    redirect = "tcp:80" if public.port == 443 else ""
    return (
        f'[listen]\nhttps = "tcp:{public.port}"\nhttp = "{redirect}"\n\n'
        '[tls]\nmode = "self-signed"\n'
        '# mode = "files"\n# certificate = "/etc/gateway/tls/fullchain.pem"\n'
        '# private_key = "/etc/gateway/tls/privkey.pem"\n'
    )


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
