"""
nginx: `proxy_pass` alone, which every ratio is against, and with `auth_request`.

The session check of `auth_request` is a subrequest to a location that answers 204 or 401 by
a table of tokens: nginx itself, in the same process, over a kept connection. A real sign-in
service would cost more. The same table serves Caddy's `forward_auth`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.child import Command, NotHereError, first_line, free_port
from benchmarks.crowd import Crowd
from benchmarks.subjects.subject import Place, Subject

FRAME = """\
daemon off;
{user}
worker_processes 1;
worker_rlimit_nofile 20000;
pid {directory}/nginx.pid;
error_log stderr error;
events {{ worker_connections 16000; }}
http {{
  access_log off;
  keepalive_timeout 3600s;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  server_tokens off;
  map_hash_max_size 8192;
  map_hash_bucket_size 128;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
{content}
}}
"""

SESSIONS = """\
  map $cookie_{cookie} $is_signed_in {{
    default 0;
{tokens}
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      if ($is_signed_in = 0) {{ return 401; }}
      return 204;
    }}
  }}
"""

PROXY = """\
  upstream app {{ server 127.0.0.1:{app_port}; keepalive 128; keepalive_requests 1000000000; }}
  upstream sessions {{
    server 127.0.0.1:{session_port};
    keepalive 128;
    keepalive_requests 1000000000;
  }}
  map $http_upgrade $connection_to_app {{ default upgrade; '' ''; }}
  server {{
    listen 127.0.0.1:{port} {ssl};
    {certificate}
    location / {{
      {check}
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_to_app;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
    location = /session {{
      internal;
      proxy_pass http://sessions;
      proxy_pass_request_body off;
      proxy_http_version 1.1;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
    }}
  }}
"""

STATIC = """\
  sendfile on;
  open_file_cache max=100;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {directory};
    default_type text/html;
    add_header Cache-Control private;
    add_header Vary Accept-Encoding;
    add_header X-Request-Id $request_id;
    location /1k/ {{ return 200 {small}; }}
    location /100k/ {{ try_files /100k =404; }}
    location /100m/ {{ try_files /100m =404; }}
  }}
"""

SIZES = {"100k": 100 * 1024, "100m": 100 * 2**20}


class Nginx(Subject):
    """nginx in front of the app."""

    def __init__(self, *, checks_sessions: bool) -> None:
        self.checks_sessions = checks_sessions
        self.key = "nginx-auth" if checks_sessions else "nginx"
        self.name = "nginx auth_request" if checks_sessions else "nginx proxy_pass"

    def version(self) -> str:
        """See `Subject.version`."""
        return nginx_version()

    def commands(self, place: Place) -> Sequence[Command]:
        """See `Subject.commands`."""
        session_port = free_port()
        cookie = self.cookie(is_tls=place.is_tls)
        stage = place.stage
        tls = f"ssl_certificate {stage.certificate}; ssl_certificate_key {stage.private_key};"
        content = PROXY.format(
            port=place.port,
            app_port=place.app_port,
            session_port=session_port,
            ssl="ssl" if place.is_tls else "",
            certificate=tls if place.is_tls else "",
            check="auth_request /session;" if self.checks_sessions else "",
        )
        if self.checks_sessions:
            content += sessions(place.crowd, cookie=cookie, port=session_port)
        return [serving(place.directory, content, place.port)]


def nginx_version() -> str:
    """Which nginx it is; NotHereError when there is none that can ask about sessions."""
    if shutil.which("nginx") is None:
        raise NotHereError("nginx is not installed (Debian: nginx-light)")
    if "http_auth_request_module" not in first_line("sh", "-c", "nginx -V 2>&1 | tr '\\n' ' '"):
        raise NotHereError("this nginx was built without auth_request")
    return first_line("nginx", "-v").removeprefix("nginx version: ")


def serving(directory: Path, content: str, port: int) -> Command:
    """An nginx with that content of its http block."""
    file = directory / f"nginx-{port}.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    file.write_text(FRAME.format(user=user, directory=directory, content=content))
    return Command(
        arguments=["nginx", "-p", str(directory), "-c", str(file)],
        port=port,
        directory=directory,
    )


def sessions(crowd: Crowd, *, cookie: str, port: int) -> str:
    """A server that says 204 to whoever is signed in and 401 to everybody else."""
    tokens = "\n".join(f"    {token} 1;" for token in crowd.tokens)
    return SESSIONS.format(cookie=cookie, tokens=tokens, port=port)


def static_app(directory: Path, port: int) -> Command:
    """The app behind all: answers of three sizes, each under every path; no two heads alike."""
    for name, size in SIZES.items():
        with (directory / name).open("wb") as file:
            file.truncate(size)
    return serving(
        directory, STATIC.format(directory=directory, port=port, small="x" * 1024), port
    )
