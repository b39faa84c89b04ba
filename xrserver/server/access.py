"""Who may ask: the token in the printed address, the cookie it becomes, Host and Origin.

Other users of the machine are strangers too, so even on loopback everything under ``/api`` needs
the token. A page elsewhere on the web can make a browser send requests here, with a name of its
own that resolves to this machine (DNS rebinding) or across sites; Host and Origin tell.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from http import HTTPStatus

from aiohttp import hdrs, web
from yarl import URL

from xrserver.server.problems import Handler, Problem


class Access:
    """Decides about requests to one server.

    Parameters
    ----------
    host : str
        What the server listens on, as given.
    port : int
        What it listens on; names the cookie, since browsers send cookies to every port of a host.
    token : str
        Empty: nobody is asked for one.
    """

    def __init__(self, host: str, port: int, token: str) -> None:
        self.token = token
        self.cookie = f"xrserver-{port}"
        self._names = {"localhost", host.lower()}
        if host in ("", "0.0.0.0", "::"):
            name = socket.gethostname().lower()
            self._names |= {name, f"{name}.local"}

    @staticmethod
    def new_token() -> str:
        """Return a fresh token: 32 characters, 192 bits."""
        return secrets.token_urlsafe(24)

    def knows_host(self, header: str | None) -> bool:
        """Return whether a ``Host`` header names this server.

        Addresses always do: a hostile page reaches this machine under a *name* it controls.
        """
        host = _host(header)
        if host is None:
            return False
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return host.lower() in self._names
        return True

    @staticmethod
    def same_origin(origin: str | None, host: str | None) -> bool:
        """Return whether ``Origin`` is absent (no browser, or no cross-site request) or this server's."""
        if origin is None:
            return True
        try:
            return host is not None and URL(origin).authority.lower() == host.lower()
        except ValueError:
            return False

    def is_token(self, given: str | None) -> bool:
        """Return whether `given` is the token, in constant time."""
        return given is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def may_ask(self, request: web.Request) -> bool:
        """Return whether a request carries the token: cookie, ``Authorization: Bearer`` or ``?token=``."""
        if not self.token:
            return True
        scheme, _, credentials = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        bearer = credentials.strip() if scheme.lower() == "bearer" else None
        return any([self.is_token(request.cookies.get(self.cookie)), self.is_token(bearer),
                    self.is_token(request.query.get("token"))])

    def let_in(self, request: web.Request) -> web.Response:
        """Answer the printed address: keep its token in a cookie and take it out of the address."""
        if self.token and not self.is_token(request.query["token"]):
            raise Problem(HTTPStatus.UNAUTHORIZED, "This address carries the token of another run: open the "
                                                   "one that xrserver printed last.")
        response = web.Response(status=HTTPStatus.SEE_OTHER)
        response.headers[hdrs.LOCATION] = str(request.rel_url.without_query_params("token"))
        response.headers[hdrs.CACHE_CONTROL] = "no-store"
        if self.token:
            response.set_cookie(self.cookie, self.token, httponly=True, samesite="Strict", path="/",
                                secure=request.secure)
        return response


def _host(header: str | None) -> str | None:
    """Return the host of a Host header without its port, or None when it is none."""
    try:
        return URL(f"http://{header}").host if header else None
    except ValueError:
        return None


ACCESS: web.AppKey[Access] = web.AppKey("access", Access)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what `Access` does not allow, before any handler sees it."""
    access = request.app[ACCESS]
    host = request.headers.get(hdrs.HOST)
    if not access.knows_host(host):
        raise Problem(HTTPStatus.MISDIRECTED_REQUEST,
                      "This server does not answer to that name: open the address that it printed.")
    if not access.same_origin(request.headers.get(hdrs.ORIGIN), host):
        raise Problem(HTTPStatus.FORBIDDEN, "Pages of other sites may not ask this server.")
    # Liveness and the page's own files are for everybody: a link from a chat brings no cookie along.
    if request.path.startswith("/api/") and not access.may_ask(request):
        raise Problem(HTTPStatus.UNAUTHORIZED,
                      "A token is needed: open the address that xrserver printed when it started.",
                      {hdrs.WWW_AUTHENTICATE: "Bearer"})
    return await handler(request)
