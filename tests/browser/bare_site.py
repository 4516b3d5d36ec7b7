"""A bare page to try the instruments on: it registers and signs in, without any gateway."""

from __future__ import annotations

import html
import json

from twisted.web.iweb import IRequest
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

SCRIPT = """
const show = (text) => { document.querySelector('#result').textContent = text; };
const run = (act, from, member) => async () => {
  const options = JSON.parse(document.querySelector('#options').value);
  try {
    const publicKey = PublicKeyCredential[from](options);
    show(JSON.stringify((await navigator.credentials[act]({publicKey})).toJSON()));
  } catch (error) { show(error.name); }
};
document.querySelector('#register').onclick = run('create', 'parseCreationOptionsFromJSON');
document.querySelector('#sign-in').onclick = run('get', 'parseRequestOptionsFromJSON');
"""

PAGE = """<!doctype html><html lang="ja"><meta charset="utf-8"><title>空のページ</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<h1>空のページ</h1><textarea id="options"></textarea>
<button id="register">登録</button><button id="sign-in">ログイン</button>
<button id="off" disabled onclick="document.title = 'pressed'">無効</button>
<form method="post" action="/echo" enctype="multipart/form-data">
<input name="subject" id="subject">
<input type="file" name="file" id="file"><button id="send">送信</button></form>
<a id="next" href="/other">次へ</a><output id="result"></output><script src="/script.js"></script>
"""


class BareResource(Resource):
    """The page, its script, an echo of what a form sends, and pages that misbehave."""

    isLeaf = True

    def render(self, request: IRequest) -> bytes:
        """Answer whatever is asked."""
        assert isinstance(request, Request)
        request.setHeader(b"content-type", b"text/html; charset=utf-8")
        path = request.path.decode()
        if path == "/script.js":
            request.setHeader(b"content-type", b"text/javascript")
            return SCRIPT.encode()
        if path == "/echo":
            return f"<title>echo</title><pre>{_sent(request)}</pre>".encode()
        if path == "/strict":
            request.setHeader(b"content-security-policy", b"default-src 'none'; img-src data:")
            return b"<title>strict</title><script>document.title = 'ran'</script>"
        if path == "/broken":
            return b"<title>broken</title><script>setTimeout(() => { null.x })</script>"
        if path == "/refused":
            request.setResponseCode(401)
            return b"<title>refused</title><p id=p>who?"
        return PAGE.encode() if path == "/" else b"<title>other</title>other page"


def _sent(request: Request) -> str:
    fields = {
        name.decode(): [value.decode() for value in values]
        for name, values in (request.args or {}).items()
    }
    return html.escape(json.dumps(fields, ensure_ascii=False), quote=False)


def bare_site() -> Site:
    """The site, to be listened with."""
    return Site(BareResource())
