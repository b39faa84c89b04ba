"""The local certificate authority: made once for each user, and good for this machine's network only.

What it may vouch for is written into its own certificate (name constraints, critical): private,
link-local, unique local and loopback addresses, ``localhost``, ``.local`` and this machine's host
name. So whoever installs it on a headset or a phone, and even whoever steals its key, cannot have it
vouch for any site of the internet.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from xrserver.directories import CA_FILE
from xrserver.errors import UsageError
from xrserver.server.lock import locked

_log = logging.getLogger(__name__)

#: Key and certificate; the certificate alone, for people to install, is in `CA_FILE`.
FILE = "authority.pem"

#: How long the authority is good. Devices trust it by hand, so it should not have to be replaced.
_YEARS = 10

#: How long a server's certificate is good: Apple takes no more than 398 days.
SERVER_DAYS = 397

#: Clocks of headsets that were off for long are behind.
SKEW = timedelta(days=1)

#: An authority that ends this soon could not vouch for a whole server certificate.
_LAST_DAYS = SERVER_DAYS + 30

#: What only a network of one's own has: private, shared (RFC 6598), link-local, loopback, unique local.
NETWORKS = tuple(map(ipaddress.ip_network, (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
    "fc00::/7", "fe80::/10", "::1/128")))

_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


Pair = tuple[ec.EllipticCurvePrivateKey, x509.Certificate]


@dataclass(frozen=True, slots=True)
class Authority:
    """A key and the certificate that says what it may vouch for."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as browsers show it."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def pem(self) -> bytes:
        """The certificate, as devices install it and programs read it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def permits(self, name: str) -> bool:
        """Return whether it may vouch for an address or host name."""
        constraints = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        permitted = constraints.permitted_subtrees or []
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            wanted = name.lower()
            return bool(_NAME.fullmatch(wanted)) and any(
                wanted == subtree.value or wanted.endswith(f".{subtree.value}")
                for subtree in permitted if isinstance(subtree, x509.DNSName))
        return any(address in network for network in _networks(permitted))

    def issue(self, names: Iterable[str], now: datetime) -> Pair:
        """Return a new key and a server's certificate for addresses and host names it permits."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [_general_name(name) for name in names if self.permits(name)]
        certificate = (_begin("xrserver", key.public_key(), now, timedelta(days=SERVER_DAYS))
            .issuer_name(self.certificate.subject)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                           critical=False)
            .sign(self.key, hashes.SHA256()))
        return key, certificate

    def issued(self, certificate: x509.Certificate) -> bool:
        """Return whether it signed `certificate`."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (InvalidSignature, ValueError, TypeError):
            return False
        return True


def _networks(subtrees: Iterable[x509.GeneralName]) -> list[IPv4Network | IPv6Network]:
    return [subtree.value for subtree in subtrees if isinstance(subtree, x509.IPAddress)
            and isinstance(subtree.value, IPv4Network | IPv6Network)]


def authority(folder: Path, names: Iterable[str], now: datetime | None = None) -> Authority:
    """Return the authority kept in `folder`, which is made where there is none that can be used.

    Parameters
    ----------
    names : iterable of str
        Host names of this machine, for one that is made.

    Raises
    ------
    UsageError
        The folder cannot be read or written.
    """
    now = now or datetime.now(UTC)
    file = folder / FILE
    try:
        with locked(folder):
            found = _read(file, now)
            if found is None:
                found = _make(names, now)
                write_secret(file, pem_of(found.key, found.certificate))
            shown = folder / CA_FILE
            if not shown.is_file() or shown.read_bytes() != found.pem:
                write_secret(shown, found.pem, mode=0o644)
    except OSError as error:
        raise UsageError(f"The certificate authority in {folder} cannot be read or made: "
                         f"{error.strerror}.") from None
    return found


def _read(file: Path, now: datetime) -> Authority | None:
    """Return what is kept in `file`; None, said with the reason, where it cannot be used (any more)."""
    try:
        key, certificate = read_pem(file)
        found = Authority(key, certificate)
        if not found.issued(certificate) or certificate.public_key() != key.public_key():
            raise ValueError("its key and its certificate do not belong together")
        found.permits("localhost")
    except FileNotFoundError:
        return None
    except (ValueError, x509.ExtensionNotFound) as error:
        why = f"is damaged ({error})"
    else:
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if begins <= now <= ends - timedelta(days=_LAST_DAYS):
            return found
        why = "ends soon" if begins <= now else "is not valid yet by this machine's clock"
    aside = file.with_suffix(".former.pem")
    file.replace(aside)
    _log.warning("The certificate authority in %s %s. A new one was made, the former is kept as %s: devices "
                 "that trust the former must install the new one.", file, why, aside.name)
    return None


def _make(names: Iterable[str], now: datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    own = filter(_is_own_name, map(str.lower, names))
    permitted = [*map(x509.DNSName, ("localhost", "local", *own)), *map(x509.IPAddress, NETWORKS)]
    # The key's identity in its name: two authorities of one machine are then never taken for each other.
    name = f"xrserver local CA {secrets.token_hex(3)}"
    certificate = (_begin(name, key.public_key(), now, timedelta(days=365 * _YEARS))
        .issuer_name(_named(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256()))
    return Authority(key, certificate)


def _is_own_name(name: str) -> bool:
    """Return whether `name` can be nobody else's: a constraint also permits every name that ends in it.

    A name of one word in letters only (``dev``, ``box``) may be a top-level domain with sites in it.
    Such a machine is reached as ``dev.local``.
    """
    label = name.rpartition(".")[2]
    single = "." not in name and (label.isalpha() or label.startswith("xn--"))
    return bool(_NAME.fullmatch(name)) and not single and name not in ("localhost", "local") and (
        not name.endswith((".local", ".localhost")) and not label.isdecimal())


def _begin(name: str, key: ec.EllipticCurvePublicKey, now: datetime,
           valid: timedelta) -> x509.CertificateBuilder:
    return (x509.CertificateBuilder().subject_name(_named(name)).public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - SKEW).not_valid_after(now - SKEW + valid))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name),
                      x509.NameAttribute(NameOID.ORGANIZATION_NAME, "xrserver on this machine")])


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates,
        crl_sign=signs_certificates, encipher_only=False, decipher_only=False)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.lower())


# --- files ----------------------------------------------------------------------------------------


def pem_of(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    """Return key and certificate as one text."""
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return secret + certificate.public_bytes(pem)


def read_pem(file: Path) -> Pair:
    """Return the key and the certificate of `pem_of`.

    Raises
    ------
    ValueError
        It holds something else.
    """
    content = file.read_bytes()
    key = serialization.load_pem_private_key(content, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("its key is of another kind")
    return key, x509.load_pem_x509_certificate(content)


def write_secret(file: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file that is there whole or not at all, and (by default) readable by its owner only."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
