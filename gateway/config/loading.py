"""
From the file to a `Config`, or to a list of everything that is wrong with it.

Each mistake is one ConfigError: file, key, value seen, value wanted. `load` raises the
first; `examine` (for `gateway check`) gives them all.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from gateway.config import app_options, look_options, notices_options, options, passkey_options
from gateway.config.access_entries import read_entries
from gateway.config.agreement import disagreements
from gateway.config.kinds import LATER, T
from gateway.config.look_options import Logo, Look, read_logo
from gateway.config.notices_options import Notices
from gateway.config.option import ARRAYS, DERIVED, REQUIRED, Option, known_name, label
from gateway.config.passkey_options import Passkeys
from gateway.config.settings import App, Config, Gateway, Language, Listen, Tls, TlsMode
from gateway.errors import ConfigError
from gateway.rules.backends import Backend
from gateway.rules.sessions import SessionLimits

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_USERINFO = re.compile(r"//[^/\s]*@")


class Nothing:
    """In the place of a value that is not there; messages say `nothing seen`."""

    def __repr__(self) -> str:
        """As a message says it."""
        return "nothing"


NOTHING = Nothing()


def load(path: str | Path) -> Config:
    """
    Read and check the configuration file.

    Raises:
        ConfigError: the first thing that is wrong with it.
    """
    config, mistakes = examine(path)
    if config is None:
        raise mistakes[0]
    return config


def examine(path: str | Path) -> tuple[Config | None, list[ConfigError]]:
    """The configuration, or None and every mistake that stands in the way."""
    path = Path(path).absolute()
    try:
        reading = _Reading(path, _parse(path))
    except ConfigError as mistake:
        return None, [mistake]
    config = reading.config()
    if config is not None:
        reading.mistakes.extend(disagreements(config))
    return (None if reading.mistakes else config), reading.mistakes


def _parse(path: Path) -> dict[str, object]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(str(path), "file", error.strerror, "a readable file") from None
    except UnicodeDecodeError as error:
        seen = f"byte {error.object[error.start]:#04x} at offset {error.start}"
        raise ConfigError(str(path), "file", seen, "UTF-8 text") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, str(error)) from None


def _syntax_error(path: Path, text: str, message: str) -> ConfigError:
    lines = text.splitlines() or [""]
    place = _PLACE.search(message)
    number = int(place[1]) if place and place[1] else len(lines)
    seen = lines[number - 1].strip() if number <= len(lines) else ""
    reason = _PLACE.sub("", message)
    return ConfigError(str(path), f"line {number}", seen, f"TOML ({reason})")


class _Reading:
    """One file being read: the values found, and the mistakes."""

    def __init__(self, path: Path, document: Mapping[str, object]) -> None:
        self.path = path
        self.mistakes: list[ConfigError] = []
        self._access, wrong = read_entries(document.get("access", []))
        for mistake in wrong:
            self._mistake(*mistake)
        self._tables = self._tables_of(document)
        self._values: dict[int, object] = {}
        self._refuse_unknown_keys()
        for option in options.OPTIONS:
            if option.table != "access":
                self._read(option)
        self._require_weights()
        self._logo = self._read_logo()

    def config(self) -> Config | None:
        """The settings, unless something is wrong."""
        if self.mistakes:
            return None
        return Config(
            path=self.path,
            gateway=self._gateway(),
            listen=self._listen(),
            tls=self._tls(),
            app=self._app(),
            sessions=SessionLimits(
                idle_s=self._value(options.SESSION_IDLE),
                lifetime_s=self._value(options.SESSION_LIFETIME),
            ),
            background=self._given(options.SESSION_BACKGROUND) or (),
            access=self._access,
            notices=self._notices(),
            look=self._look(),
            passkeys=self._passkeys(),
        )

    def _gateway(self) -> Gateway:
        public = self._value(options.URL)
        return Gateway(
            public=public,
            name=self._given(options.NAME) or public.host,
            data_dir=self.path.parent / self._value(options.DATA_DIR),
            language=cast("Language", self._value(options.LANGUAGE)),
        )

    def _listen(self) -> Listen:
        https = self._given(options.HTTPS)
        if https is None:
            https = "" if self._value(options.TLS_MODE) == "off" else "tcp:443"
        return Listen(
            https=https,
            http=self._value(options.HTTP),
            health=self._value(options.HEALTH),
            workers=self._value(options.WORKERS),
            connections=self._value(options.CONNECTIONS),
            connections_per_address=self._value(options.CONNECTIONS_PER_ADDRESS),
            strangers_rate=self._value(options.STRANGERS_RATE),
        )

    def _tls(self) -> Tls:
        certificate = self._given(options.CERTIFICATE)
        private_key = self._given(options.PRIVATE_KEY)
        return Tls(
            mode=cast("TlsMode", self._value(options.TLS_MODE)),
            certificate=self.path.parent / certificate if certificate else None,
            private_key=self.path.parent / private_key if private_key else None,
        )

    def _app(self) -> App:
        ca = self._given(app_options.CA)
        return App(
            name=self._value(app_options.APP_NAME),
            backends=self._backends(),
            ca=self.path.parent / ca if ca else None,
            server_name=self._given(app_options.SERVER_NAME) or "",
            connections=self._value(app_options.CONNECTIONS),
            health=self._value(app_options.APP_HEALTH),
            preserve_host=self._value(app_options.PRESERVE_HOST),
            internal_names=self._value(app_options.INTERNAL_NAMES),
            max_body_bytes=self._value(app_options.MAX_BODY),
            connect_s=self._value(app_options.CONNECT),
            first_byte_s=self._value(app_options.FIRST_BYTE),
            idle_s=self._value(app_options.IDLE),
        )

    def _passkeys(self) -> Passkeys:
        metadata = self._given(passkey_options.METADATA)
        root = self._given(passkey_options.METADATA_ROOT)
        return Passkeys(
            device_bound_only=self._value(passkey_options.DEVICE_BOUND_ONLY),
            wants_attestation=self._value(passkey_options.ATTESTATION) == "direct",
            allow_aaguids=self._value(passkey_options.ALLOW_AAGUIDS),
            metadata=self.path.parent / metadata if metadata else None,
            metadata_root=self.path.parent / root if root else None,
        )

    def _notices(self) -> Notices:
        password_file = self._given(notices_options.PASSWORD_FILE)
        ca = self._given(notices_options.SMTP_CA)
        return Notices(
            smtp=self._value(notices_options.SMTP),
            mail_from=self._given(notices_options.MAIL_FROM) or "",
            password_file=self.path.parent / password_file if password_file else None,
            ca=self.path.parent / ca if ca else None,
        )

    def _look(self) -> Look:
        return Look(
            logo=self._logo,
            colour=self._given(look_options.COLOUR) or "",
            notice=self._value(look_options.NOTICE),
            notice_en=self._value(look_options.NOTICE_EN),
        )

    def _read_logo(self) -> Logo | None:
        path = self._given(look_options.LOGO)
        try:
            return read_logo(self.path.parent / path) if path else None
        except ValueError as error:
            self._mistake(look_options.LOGO.label, str(path), str(error))
            return None

    def _backends(self) -> tuple[Backend, ...]:
        """With their weights, as far as these fit: `_require_weights` has looked."""
        backends = self._value(app_options.APP_URL)
        weights = self._given(app_options.WEIGHTS) or (1,) * len(backends)
        return tuple(
            replace(backend, weight=weight)
            for backend, weight in zip(backends, weights, strict=True)
        )

    def _require_weights(self) -> None:
        backends, weights = self._given(app_options.APP_URL), self._given(app_options.WEIGHTS)
        if backends and weights is not None and len(weights) != len(backends):
            wanted = f"as many as there are addresses in url, which is {len(backends)}"
            self._mistake(app_options.WEIGHTS.label, list(weights), wanted)

    def _value(self, option: Option[T]) -> T:
        """The value of an option that has one: given, or its plain default."""
        return cast("T", self._values[id(option)])

    def _given(self, option: Option[T]) -> T | None:
        """The value of an option whose default is worked out from others."""
        return cast("T | None", self._values.get(id(option)))

    def _read(self, option: Option[object]) -> None:
        table = self._tables.get(option.table, {})
        seen = table.get(option.key, option.default)
        if seen is REQUIRED:
            example = 'url = "https://gw.example.co.jp"'
            if option is app_options.APP_URL:
                example = 'url = "http://10.0.0.5:8080"'
            self._mistake(option.label, NOTHING, f"this key, as in {example}")
        elif seen is not DERIVED:
            try:
                self._values[id(option)] = option.kind.read(seen)
            except ValueError as error:
                self._mistake(option.label, seen, str(error))

    def _tables_of(self, document: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
        """Every table by its name, `app.timeouts` among them; strange ones are mistakes."""
        tables: dict[str, Mapping[str, object]] = {}
        for name, value in document.items():
            if name in options.LATER_TABLES:
                brackets = "[[{}]]" if name in ARRAYS else "[{}]"
                self._mistake(brackets.format(name), value, f"leave it out: {LATER}")
            elif name == "app":
                tables.update(self._app_tables(value))
            elif name == "access":
                continue  # by `read_entries`
            elif name not in (*options.TABLES, "store"):
                self._unknown(f"[{name}]", name, value, _top_names())
            elif isinstance(value, dict):
                tables[name] = value
            else:
                self._mistake(name, value, f"a table, [{name}]")
        return tables

    def _app_tables(self, value: object) -> dict[str, Mapping[str, object]]:
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self._mistake("app", value, "a table with double brackets, [[app]]")
            return {}
        if len(value) != 1:
            self._mistake("[[app]]", f"{len(value)} apps", f"one app; several are {LATER}")
            return {}
        app = dict(value[0])
        timeouts = app.pop("timeouts", {})
        if not isinstance(timeouts, dict):
            self._mistake("[app.timeouts]", timeouts, '{ connect = "5s" } or a table')
            timeouts = {}
        return {"app": app, "app.timeouts": timeouts}

    def _refuse_unknown_keys(self) -> None:
        for table, content in self._tables.items():
            later = options.LATER_KEYS.get(table, {})
            known = [each.key for each in options.OPTIONS if each.table == table]
            for key, seen in content.items():
                if key in later:
                    self._refuse_later(table, key, seen, later[key])
                elif key not in known:
                    self._unknown(label(table, key), key, seen, [*known, *later])

    def _refuse_later(
        self, table: str, key: str, seen: object, neutral: tuple[object, ...]
    ) -> None:
        if seen not in neutral:
            wanted = f"leave it out, or {_toml(neutral[0])}: anything else is {LATER}"
            self._mistake(label(table, key), seen, wanted)

    def _unknown(self, where: str, name: str, seen: object, known: Iterable[str]) -> None:
        self._mistake(where, seen, known_name(name, known))

    def _mistake(self, key: str, seen: object, wanted: str) -> None:
        if isinstance(seen, str):
            seen = _USERINFO.sub("//***@", seen)  # a password may stand there by mistake
        self.mistakes.append(ConfigError(str(self.path), key, seen, wanted))


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _top_names() -> list[str]:
    return [each for each in (*options.TABLES, *options.LATER_TABLES) if "." not in each]
