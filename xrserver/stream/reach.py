"""How a client reaches a server: its address, whom it believes to be that server, and pairing."""

from __future__ import annotations

import asyncio
import platform
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path

import aiohttp
from yarl import URL

from xrserver.directories import CA_FILE, config_directory
from xrserver.errors import ConnectionLost, UsageError


async def pair(url: str, code: str, *, name: str = "", ca: Path | str | None = None,
               patience: float = 30.0) -> str:
    """Pair this program with the server at `url` and return the token that `connect` takes from now on.

    Whoever has the token comes in until the device is revoked: keep it where only you can read it.

    Parameters
    ----------
    url : str
        One of the addresses that ``xrserver --lan`` printed.
    code : str
        The six digits it shows.
    name : str
        What ``xrserver devices`` calls it; '' for the name of this machine.
    ca : path, optional
        As in `connect`.

    Raises
    ------
    ConnectionLost
        Nothing answers at `url`, or it refuses the code, with the sentence that says why.
    """
    address = address_of(url)
    target = address.with_query(None).with_fragment(None) / "api" / "pair"
    asked = {"code": "".join(code.split()), "name": name or f"{platform.node()} (Python)"}
    async with http(address, ca, {}) as client, reaching(target, patience), \
            client.post(target, json=asked) as response:
        given = next((cookie.value for name, cookie in response.cookies.items() if "xrserver-" in name), "")
        if response.status == HTTPStatus.OK and given:
            return given
        said = ""
        if response.content_type == "application/problem+json":
            said = (await response.json(content_type=None))["detail"]
        raise ConnectionLost(f"The server at {shown(target)} does not pair: "
                             f"{said or f'it answers {response.status}.'}")


def http(address: URL, ca: Path | str | None, headers: dict[str, str]) -> aiohttp.ClientSession:
    """Return a client of the server at `address`."""
    connector = aiohttp.TCPConnector(ssl=trusting(ca)) if address.scheme == "https" else None
    return aiohttp.ClientSession(headers=headers, connector=connector)


@asynccontextmanager
async def reaching(target: URL, patience: float) -> AsyncGenerator[None, None]:
    """Say in our own words why a server cannot be reached."""
    try:
        async with asyncio.timeout(patience):
            yield
    except aiohttp.WSServerHandshakeError:
        raise
    except TimeoutError:
        raise ConnectionLost(f"The server at {shown(target)} did not answer in {patience:g} s.") from None
    except aiohttp.ClientConnectorCertificateError as error:
        raise ConnectionLost(
            f"The server at {shown(target)} shows a certificate that is not trusted here "
            f"({error.certificate_error}): fetch {shown(target)}/ca.crt, compare its fingerprint with what "
            "the server printed, and give that file as ca.") from None
    except (aiohttp.ClientError, OSError) as error:
        raise ConnectionLost(f"No server answers at {shown(target)} ({error}).") from None


def address_of(url: str) -> URL:
    """Return the server's address in what it printed, with what else is in it.

    Raises
    ------
    UsageError
        It is none.
    """
    try:
        address = URL(url)
    except ValueError:
        address = URL()
    if address.scheme not in ("http", "https") or not address.host:
        raise UsageError(f"{url!r} is no address of a server: give what it printed, such as "
                         "http://127.0.0.1:8080/?token=….")
    return address if address.path.endswith("/") or address.path == "" else address.parent


def shown(target: URL) -> str:
    """Return the address of the server whose API `target` is of."""
    return str(target.parent.parent)


def trusting(ca: Path | str | None = None) -> ssl.SSLContext:
    """Return a context that trusts the system's authorities, this user's own, and the one in the file `ca`.

    Raises
    ------
    UsageError
        `ca` holds no certificate.
    """
    context = ssl.create_default_context()
    with suppress(OSError, UsageError):  # no server of this user has made one
        context.load_verify_locations(config_directory() / CA_FILE)
    if ca is not None:
        try:
            _load(context, Path(ca))
        except (OSError, ValueError) as error:
            raise UsageError(f"The file {ca} holds no certificate that can be trusted ({error}): give the "
                             "one that the server has at /ca.crt.") from None
    return context


def _load(context: ssl.SSLContext, file: Path) -> None:
    content = file.read_bytes()
    # Devices keep certificates as DER too.
    context.load_verify_locations(cadata=content.decode("ascii") if b"-----BEGIN" in content else content)
