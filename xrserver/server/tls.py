"""HTTPS with a certificate of the local authority, renewed in time and when addresses change."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from xrserver.errors import UsageError
from xrserver.server.authority import SERVER_DAYS, Authority, pem_of, read_pem, write_secret
from xrserver.server.lock import locked, locked_soon

FILE = "server.pem"

#: A certificate is replaced this long before its end.
RENEWED_DAYS = 30


class ServerCertificate:
    """The certificate in use, and the context of every connection to come.

    It is kept between runs: a browser that was told to go on in spite of its warning remembers
    this certificate, and asks again about any other.

    Parameters
    ----------
    folder : Path
        Where it is kept.
    """

    def __init__(self, folder: Path, authority: Authority) -> None:
        self._file = folder / FILE
        self._authority = authority
        self._used: x509.Certificate | None = None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])

    @property
    def expires(self) -> datetime:
        """When the certificate in use ends."""
        assert self._used is not None
        return self._used.not_valid_after_utc

    def cover(self, names: Iterable[str], now: datetime | None = None) -> bool:
        """See to it that new connections get a certificate good for `names`; return whether it is a new one.

        What the authority does not permit is left out: a browser would refuse the whole certificate.

        Raises
        ------
        UsageError
            It cannot be kept in its folder.
        """
        if (wanted := self._lacking(names, now := now or datetime.now(UTC))) is None:
            return False
        with self._told(), locked(self._file.parent):
            self._renew(wanted, now)
        return True

    async def cover_soon(self, names: Iterable[str]) -> bool:
        """Do as `cover`, for an event loop: other connections go on while another process is waited for."""
        if (wanted := self._lacking(names, now := datetime.now(UTC))) is None:
            return False
        with self._told():
            async with locked_soon(self._file.parent):
                self._renew(wanted, now)
        return True

    def _lacking(self, names: Iterable[str], now: datetime) -> frozenset[str] | None:
        """Return what a new certificate is to be for; None where the one in use is good."""
        wanted = frozenset(name.lower() for name in names if self._authority.permits(name))
        return None if self._used is not None and self._good(self._used, wanted, now) else wanted

    def _renew(self, wanted: frozenset[str], now: datetime) -> None:
        """Use the one that is kept, where another process made it, or make it; under the lock."""
        kept = self._kept()
        if kept is None or not self._good(kept, wanted, now):
            key, kept = self._authority.issue(sorted(wanted), now)
            write_secret(self._file, pem_of(key, kept))
        self.context.load_cert_chain(self._file)
        self._used = kept

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(f"The certificate {self._file} cannot be used: "
                             f"{error.strerror or error}.") from None

    def _kept(self) -> x509.Certificate | None:
        try:
            key, certificate = read_pem(self._file)
            if certificate.public_key() != key.public_key():
                return None
        except (FileNotFoundError, ValueError):
            return None
        return certificate

    def _good(self, certificate: x509.Certificate, wanted: frozenset[str], now: datetime) -> bool:
        return (certificate.not_valid_before_utc <= now
                and now + timedelta(days=RENEWED_DAYS) <= certificate.not_valid_after_utc
                and certificate.not_valid_after_utc - now <= timedelta(days=SERVER_DAYS)
                and self._authority.issued(certificate) and wanted <= covered(certificate))


def covered(certificate: x509.Certificate) -> frozenset[str]:
    """Return the addresses and host names that a certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return frozenset()
    return frozenset([*names.get_values_for_type(x509.DNSName),
                      *map(str, names.get_values_for_type(x509.IPAddress))])
