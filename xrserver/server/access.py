"""Who may ask: the token in the printed address, devices that were paired, Host and Origin.

Other users of the machine are strangers too, so even on loopback everything but the page's own files
needs the token, or the secret of a paired device. A page elsewhere on the web can make a browser send
requests here, with a name of its own that resolves to this machine (DNS rebinding) or across sites;
Host and Origin tell.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from yarl import URL

from xrserver.server.problems import Handler, Problem

if TYPE_CHECKING:
    from xrserver.server.devices import Device, Devices

#: Routes for everybody: liveness, the page's own files (a link from a chat brings no cookie along),
#: pairing itself and the certificate to install. Any route that is not named here needs to be let in.
OPEN = frozenset({"health", "page", "pair", "ca"})

#: Where a code is taken.
PAIR_PATH = "/api/pair"

#: How long a browser keeps the cookie of a paired device: as long as browsers keep any.
_COOKIE_SECONDS = 400 * 86400

#: What ``Sec-Fetch-Site`` says of requests that no page of another origin made.
_OWN_SITE = (None, "same-origin", "none")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: a paired device, or (None) whoever has the token."""

    device: Device | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as its browser sees it.

    Attributes
    ----------
    scheme, host : str
        `host` with its port, as in the address; '' when it names none.
    address : str
        Where it comes from.
    """

    scheme: str
    host: str
    address: str


class Access:
    """Decides about requests to one server.

    Parameters
    ----------
    host : str
        What the server listens on, as given.
    port : int
        What it listens on; names the cookies, since browsers send cookies to every port of a host.
    token : str
        Empty: nobody is asked for one.
    names : iterable of str
        Host names that the server answers to, besides its own.
    devices : Devices, optional
        Those that were paired; None where none can be.
    behind_proxy : bool
        Believe ``X-Forwarded-*``; without `names`, answer to every name that the proxy passes on.
    """

    def __init__(self, host: str, port: int, token: str, *, names: Iterable[str] = (),
                 devices: Devices | None = None, behind_proxy: bool = False) -> None:
        self.token = token
        self.devices = devices
        self._cookie = f"xrserver-{port}"
        given = frozenset(name.lower() for name in names)
        self._names = {"localhost", host.lower(), *given}
        self._behind_proxy = behind_proxy
        self._any_name = behind_proxy and not given
        if host in ("", "0.0.0.0", "::"):
            name = socket.gethostname().lower()
            self._names |= {name, f"{name}.local"}

    @staticmethod
    def new_token() -> str:
        """Return a fresh token: 32 characters, 192 bits."""
        return secrets.token_urlsafe(24)

    def seen(self, request: web.BaseRequest) -> Seen:
        """Return a request as its browser sees it: through the proxy, where there is one."""
        scheme, host, address = request.scheme, request.headers.get(hdrs.HOST, ""), request.remote or ""
        if self._behind_proxy:
            # The nearest proxy's word is the last; what comes before it anybody may have written.
            told = {part: request.headers.get(f"X-Forwarded-{part}", "").rpartition(",")[2].strip()
                    for part in ("Proto", "Host", "For")}
            scheme = told["Proto"].lower() if told["Proto"].lower() in ("http", "https") else scheme
            host, address = told["Host"] or host, told["For"] or address
        return Seen(scheme, host, address.partition("%")[0])

    def knows_host(self, host: str) -> bool:
        """Return whether a ``Host`` header names this server.

        Addresses always do: a hostile page reaches this machine under a *name* it controls.
        """
        name = _name_in(host)
        if name is None:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return self._any_name or name.lower() in self._names
        return True

    def visitor(self, request: web.BaseRequest) -> Visitor | None:
        """Return who asks, by cookie, ``Authorization: Bearer`` or ``?token=``; None: a stranger."""
        if not self.token:
            return Visitor()
        scheme, _, credentials = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        given = [request.cookies.get(self.cookie(request)), request.query.get("token"),
                 credentials.strip() if scheme.lower() == "bearer" else None]
        if any(map(self._is_token, given)):
            return Visitor()
        if self.devices is not None:
            for secret in filter(None, given):
                if (device := self.devices.find(secret)) is not None:
                    self.devices.saw(device, self.seen(request).address)
                    return Visitor(device)
        return None

    def admitted(self, request: web.BaseRequest) -> Visitor:
        """Return who asks.

        Raises
        ------
        Problem
            A stranger does.
        """
        visitor = self.visitor(request)
        if visitor is not None:
            return visitor
        headers: dict[str, str] = {hdrs.WWW_AUTHENTICATE: "Bearer"}
        if self.devices is None:
            raise Problem(HTTPStatus.UNAUTHORIZED, "A token is needed: open the address that xrserver "
                                                   "printed when it started.", headers)
        raise Problem(HTTPStatus.UNAUTHORIZED, "This device is not paired: open the server's page on it and "
                      "type the code that xrserver shows.", headers, pairing=PAIR_PATH)

    def cookie(self, request: web.BaseRequest) -> str:
        """Return the name of the cookie.

        The prefix has browsers take it over TLS and for this host only, whatever other servers of
        the host (or of its domain) set.
        """
        return f"__Host-{self._cookie}" if self.seen(request).scheme == "https" else self._cookie

    def let_in(self, request: web.Request) -> web.Response:
        """Answer the printed address: keep its token in a cookie and take it out of the address."""
        if self.token and not self._is_token(request.query["token"]):
            raise Problem(HTTPStatus.UNAUTHORIZED, "This address carries the token of another run: open the "
                                                   "one that xrserver printed last.")
        response = web.Response(status=HTTPStatus.SEE_OTHER)
        response.headers[hdrs.LOCATION] = str(request.rel_url.without_query_params("token"))
        response.headers[hdrs.CACHE_CONTROL] = "no-store"
        if self.token:
            self._set_cookie(request, response, self.token, None)
        return response

    def remember(self, request: web.Request, response: web.Response, secret: str) -> None:
        """Give a device that was just paired the secret it is known by."""
        self._set_cookie(request, response, secret, _COOKIE_SECONDS)

    def _set_cookie(self, request: web.Request, response: web.Response, value: str,
                    seconds: int | None) -> None:
        response.set_cookie(self.cookie(request), value, httponly=True, samesite="Strict", path="/",
                            max_age=seconds, secure=self.seen(request).scheme == "https")

    def _is_token(self, given: str | None) -> bool:
        """Return whether `given` is the token, in constant time."""
        return given is not None and hmac.compare_digest(given.encode("utf-8", "surrogatepass"),
                                                         self.token.encode())


def _same_origin(origin: str | None, seen: Seen) -> bool:
    """Return whether ``Origin`` is absent (no browser, or no cross-site request) or this server's."""
    if origin is None:
        return True
    try:
        return URL(origin).origin() == URL(f"{seen.scheme}://{seen.host}").origin()
    except ValueError:
        return False


def _name_in(host: str) -> str | None:
    """Return the host of a Host header without its port, or None when it is none."""
    try:
        return URL(f"http://{host}").host if host else None
    except ValueError:
        return None


ACCESS: web.AppKey[Access] = web.AppKey("access", Access)

@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what `Access` does not allow, before any handler sees it."""
    access = request.app[ACCESS]
    seen = access.seen(request)
    if not access.knows_host(seen.host):
        raise Problem(HTTPStatus.MISDIRECTED_REQUEST,
                      "This server does not answer to that name: open the address that it printed.")
    if not _same_origin(request.headers.get(hdrs.ORIGIN), seen):
        raise Problem(HTTPStatus.FORBIDDEN, "Pages of other sites may not ask this server.")
    api = request.path.startswith("/api/")
    if api and request.headers.get("Sec-Fetch-Site") not in _OWN_SITE:
        raise Problem(HTTPStatus.FORBIDDEN, "Pages of other sites may not ask this server.")
    name = request.match_info.route.name
    if name not in OPEN or (name == "page" and api):
        access.admitted(request)
    return await handler(request)
