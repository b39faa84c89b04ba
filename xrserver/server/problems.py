"""Errors as RFC 9457 problem documents: every answer that is not a success is one."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from xrserver import errors

_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: What of ours is whose fault; the rest is the server's.
_STATUS: dict[type[errors.XrserverError], HTTPStatus] = {
    errors.UnknownMoment: HTTPStatus.NOT_FOUND,
    errors.UnknownPath: HTTPStatus.NOT_FOUND,
    errors.UnknownTile: HTTPStatus.NOT_FOUND,
    errors.SceneError: HTTPStatus.NOT_FOUND,
    errors.UnreadableRepository: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.UsageError: HTTPStatus.BAD_REQUEST,
}


class Problem(Exception):
    """An answer that is not a success: `detail` is a sentence for the person who reads it.

    `members` are what a program wants to know besides, as RFC 9457 lets a problem have.
    """

    def __init__(self, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None,
                 **members: str | int) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members

    def response(self) -> web.Response:
        """Return the document."""
        body = {"type": "about:blank", "title": self.status.phrase, "status": int(self.status),
                "detail": self.detail, **self.members}
        return web.Response(status=self.status, body=json.dumps(body).encode(),
                            content_type="application/problem+json", headers=self.headers)


def status_of(error: errors.XrserverError) -> HTTPStatus:
    """Return the HTTP status for one of our own errors."""
    return next((status for cls, status in _STATUS.items() if isinstance(error, cls)),
                HTTPStatus.INTERNAL_SERVER_ERROR)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into a problem document."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except errors.XrserverError as error:
        return Problem(status_of(error), str(error)).response()
    except web.HTTPException as error:
        return _of_http(request, error)
    except Exception:
        _log.exception("%s %s failed", request.method, request.path)
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR,
                       "The server failed to answer this request; its log says more.").response()


def _of_http(request: web.Request, error: web.HTTPException) -> web.StreamResponse:
    if error.status < HTTPStatus.BAD_REQUEST:
        raise error
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"{request.path} takes {allowed}, not {error.method}.",
                       {"Allow": allowed}).response()
    if isinstance(error, web.HTTPNotFound):
        return Problem(HTTPStatus.NOT_FOUND, f"There is nothing at {request.path}.").response()
    said = error.text if error.text and not error.text.startswith(str(error.status)) else error.reason
    return Problem(HTTPStatus(error.status), f"{said.rstrip('.')}.").response()
