"""How a device comes in: ``POST /api/pair`` takes the code, ``/ca.crt`` is the certificate to trust."""

from __future__ import annotations

import asyncio
import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import hdrs, web

from xrserver.server import shapes
from xrserver.server.access import ACCESS, PAIR_PATH, Access
from xrserver.server.problems import Problem

if TYPE_CHECKING:
    from xrserver.server.devices import Device
    from xrserver.server.lan import Lan

LAN: web.AppKey[Lan] = web.AppKey("lan")

#: Largest body, and how long it may take to come.
BODY_BYTES = 1024
_BODY_SECONDS = 5.0


def add_routes(router: web.UrlDispatcher) -> None:
    """Add what strangers may ask for."""
    router.add_post(PAIR_PATH, _pair, name="pair")
    router.add_get("/ca.crt", _certificate, name="ca")


def certificate(lan: Lan) -> web.Response:
    """Return the authority's certificate, for a device to install."""
    return web.Response(body=lan.authority.pem, content_type="application/x-x509-ca-cert", headers={
        hdrs.CONTENT_DISPOSITION: 'attachment; filename="xrserver-ca.crt"', hdrs.CACHE_CONTROL: "no-store"})


def sender_on(access: Access, lan: Lan) -> web.Server:
    """Return what answers plain HTTP from the network: the certificate, and the way to everything else."""

    async def send_on(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/ca.crt":
            return certificate(lan)
        host = request.headers.get(hdrs.HOST, "")
        if not access.knows_host(host):
            return web.Response(status=HTTPStatus.MISDIRECTED_REQUEST, text="This server does not answer to "
                                "that name: open the address that it printed.\n")
        answer = web.Response(status=HTTPStatus.TEMPORARY_REDIRECT, text="The address begins with https://.\n",
                              headers={hdrs.LOCATION: f"https://{host}{request.raw_path}"})
        answer.force_close()
        return answer

    return web.Server(send_on, access_log=None)


async def _certificate(request: web.Request) -> web.Response:
    return certificate(_lan(request))


def _lan(request: web.Request) -> Lan:
    lan = request.app.get(LAN)
    if lan is None:
        raise Problem(HTTPStatus.NOT_FOUND, "Nothing is paired here: open the address that xrserver printed. "
                                            "Started with --lan, it serves other devices.")
    return lan


async def _pair(request: web.Request) -> web.Response:
    """Take a code (or a link's secret), and remember the device that brought it."""
    lan, access = _lan(request), request.app[ACCESS]
    # SQLite and cryptography are for servers of the network: `lan` has loaded them.
    from xrserver.server.devices import name_from_agent
    from xrserver.server.pairing import PairingRefused

    asked = await _asked(request)
    known = access.visitor(request)
    if known is not None and known.device is not None:
        return _told(known.device)  # paired before: nothing is used up
    seen = access.seen(request)
    name = asked.get("name") or name_from_agent(request.headers.get(hdrs.USER_AGENT, ""))
    try:
        if "secret" in asked:
            device, secret = lan.pairing.pair_by_link(asked["secret"], seen.address, name)
        else:
            device, secret = lan.pairing.pair(asked["code"], seen.address, name)
    except PairingRefused as refused:
        waiting = refused.reason == "waiting"
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS if waiting else HTTPStatus.FORBIDDEN, str(refused),
                      {hdrs.RETRY_AFTER: str(refused.wait)} if refused.wait else {},
                      reason=refused.reason, wait=refused.wait, left=refused.left) from None
    response = _told(device)
    access.remember(request, response, secret)
    return response


def _told(device: Device) -> web.Response:
    return web.json_response({"id": device.id, "name": device.name}, dumps=shapes.dumps)


async def _asked(request: web.Request) -> dict[str, str]:
    """Return the checked body: a code or a secret, and perhaps a name."""
    if request.content_type != "application/json":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON, with the type application/json.")
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            body = await request.content.read(BODY_BYTES + 1)
            while len(body) <= BODY_BYTES and (more := await request.content.read(BODY_BYTES + 1)):
                body += more
    except TimeoutError:
        raise Problem(HTTPStatus.REQUEST_TIMEOUT, "The request was not finished in time.",
                      {hdrs.CONNECTION: "close"}) from None
    if len(body) > BODY_BYTES:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send at most {BODY_BYTES} bytes.",
                      {hdrs.CONNECTION: "close"})
    wrong = Problem(HTTPStatus.BAD_REQUEST, 'Send {"code": "six digits"}, or {"secret": "…"} from a link; '
                                            'either may come with a "name".')
    try:
        asked: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise wrong from None
    if not (isinstance(asked, dict) and all(isinstance(value, str) for value in asked.values())
            and asked.keys() - {"name"} in ({"code"}, {"secret"})
            and re.fullmatch("[0-9]{6}", asked.get("code", "000000"), re.ASCII)):
        raise wrong
    return asked
