"""
The one way by which a page of ours is reached: `route`.

Whatever goes for every page is here and nowhere else: methods are named, a POST comes from
our own pages only, bodies are small and of the expected kind, every answer carries the
security headers, refusals and accidents are told in the person's language and logged once.
A test walks the URL map and fails on any route that did not come this way.

A POST that has begun is finished even if its browser leaves: Klein cancels what a browser
waits for, and a change of state must not stop half-way (`shielded`).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast

from klein import Klein
from klein._app import KleinErrorMethod
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from gateway.errors import RefusedError, StoreError
from gateway.pages.headers import reply_headers
from gateway.pages.render import Pages
from gateway.pages.reply import Reply, Visit
from gateway.pages.requests import Body, read_visit

RETRY_AFTER = (b"retry-after", b"5")
"""Seconds after which a browser may try again when the store could not be asked."""

ROUTE_MARK = "gateway_route"
"""The attribute by which a test knows that a route came through `route`."""

log = Logger()


class Site(Protocol):
    """A class with routes."""

    pages: Pages


View = Callable[..., Coroutine[Deferred[Any], Any, Reply]]


def route(
    app: Klein, path: str, *, methods: Sequence[str], takes: Body = Body.NOTHING
) -> Callable[[View], View]:
    """
    Make a method of a site answer at `path`.

    The method is called with a `Visit` and the path's values, and gives a `Reply`.
    """
    assert (takes is Body.NOTHING) == ("POST" not in methods), "a POST says what it takes"

    def decorate(view: View) -> View:
        async def answer(self: Site, request: Request, **values: str) -> bytes:
            visit = read_visit(request, self.pages)

            async def perform() -> Reply:
                try:
                    checked = takes.check(request, visit, self.pages.public)
                    return await view(self, checked, **values)
                except CancelledError:
                    raise
                except Exception as error:  # noqa: BLE001  told and logged, once, by explain
                    return explain(self.pages, visit, error, where=path)

            is_change = takes is not Body.NOTHING
            return send(request, await (shielded(perform()) if is_change else perform()), self)

        answer.__name__ = view.__name__
        setattr(answer, ROUTE_MARK, path)
        app.route(path, methods=list(methods))(answer)
        return view

    return decorate


def explain_routing(app: Klein) -> None:
    """Answer with pages of ours where no route was found, or none for that method."""

    def tell(self: Site, request: Request, failure: Failure) -> bytes:
        error = failure.value
        assert error is not None
        visit = read_visit(request, self.pages)
        return send(request, explain(self.pages, visit, error, where="routing"), self)

    app.handle_errors(Exception)(cast(KleinErrorMethod, tell))


def explain(pages: Pages, visit: Visit, error: BaseException, *, where: str) -> Reply:
    """The one place where an error becomes an answer, and a line in the log."""
    match error:
        case RefusedError(reason=reason, detail=detail):
            log.info(
                "refused at {where}: {reason} ({detail!r})",
                where=where,
                reason=reason,
                detail=detail,
            )
            return pages.refusal(visit, reason)
        case StoreError():
            incident = _log_incident(pages, error, where)
            reply = pages.trouble(
                visit, "trouble.store", status=503, code="unavailable", incident=incident
            )
            return replace(reply, headers=(*reply.headers, RETRY_AFTER))
        case MethodNotAllowed(valid_methods=methods):
            reply = pages.trouble(visit, "trouble.method", status=405, code="bad-request")
            allow = (b"allow", ", ".join(methods or ()).encode("ascii"))
            return replace(reply, headers=(*reply.headers, allow))
        case HTTPException():
            return pages.trouble(visit, "trouble.not-found", status=404, code="not-found")
        case _:
            incident = _log_incident(pages, error, where)
            return pages.trouble(
                visit, "trouble.internal", status=500, code="internal", incident=incident
            )


def send(request: Request, reply: Reply, site: Site) -> bytes:
    """Write the head of an answer; the body is what Klein is to send."""
    request.setResponseCode(reply.status)
    for name, value in reply_headers(reply, site.pages.public):
        request.responseHeaders.addRawHeader(name, value)
    return reply.body


def shielded(work: Coroutine[Deferred[Any], Any, Reply]) -> Deferred[Reply]:
    """Wait for work that goes on to its end even if nobody waits any more."""
    waiting: Deferred[Reply] = Deferred()

    def hand_over(result: Reply | Failure) -> None:
        if not waiting.called:
            waiting.callback(result)
        elif isinstance(result, Failure):
            log.failure("finishing for a browser that left", result)

    Deferred.fromCoroutine(work).addBoth(hand_over)
    return waiting


def _log_incident(pages: Pages, error: BaseException, where: str) -> str:
    incident = pages.new_incident()
    log.failure("incident {incident} at {where}", Failure(error), incident=incident, where=where)
    return incident
