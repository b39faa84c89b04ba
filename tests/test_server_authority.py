"""The local authority vouches for networks of one's own and nothing else, and its files heal."""

from __future__ import annotations

import logging
import os
import ssl
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from xrserver.directories import CA_FILE, config_directory, own_config_directory
from xrserver.errors import UsageError
from xrserver.server import authority as authorities
from xrserver.server import tls
from xrserver.server.authority import Authority, authority
from xrserver.server.tls import ServerCertificate, covered

NOW = datetime.now(UTC)
NAMES = ("desk-7", "desk-7.local", "desk.example.org")


def greets(ours: Authority, folder: Path, name: str) -> str:
    """What OpenSSL says when a client that trusts only us asks for `name`: '' when it is content."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / tls.FILE)
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.load_verify_locations(folder / CA_FILE)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    client = asking.wrap_bio(to_client, to_server, server_hostname=name)
    done: set[str] = set()
    for _ in range(10):
        for end in (client, server):
            try:
                end.do_handshake()
                done.add("client" if end is client else "server")
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as error:
                return error.verify_message
    assert done == {"client", "server"}
    return ""


def forge(ours: Authority, folder: Path, *names: str) -> None:
    """Have the authority's key sign for names that it may not vouch for, as a thief would."""

    class Unbound(Authority):
        def permits(self, name: str) -> bool:
            return True

    key, certificate = Unbound(ours.key, ours.certificate).issue(names, NOW)
    (folder / tls.FILE).write_bytes(authorities.pem_of(key, certificate))


# --- what it may vouch for ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [
    "localhost", "desk-7", "DESK-7.local", "anything.local", "desk.example.org", "127.0.0.1", "10.1.2.3",
    "172.31.0.1", "192.168.178.20", "169.254.9.9", "100.100.1.1", "::1", "fd12:3456::1", "fe80::1"])
def test_names_and_addresses_of_ones_own_are_vouched_for(tmp_path: Path, name: str) -> None:
    ours = authority(tmp_path, NAMES)
    assert ours.permits(name)
    ServerCertificate(tmp_path, ours).cover([name])
    assert greets(ours, tmp_path, name) == ""


@pytest.mark.parametrize("name", [
    "example.org", "evil.example", "desk-7.evil.example", "notdesk-7", "local.evil.example", "8.8.8.8",
    "172.32.0.1", "192.169.0.1", "2001:db8::1", "::ffff:8.8.8.8"])
def test_nothing_else_is_vouched_for_even_with_the_stolen_key(tmp_path: Path, name: str) -> None:
    ours = authority(tmp_path, NAMES)
    assert not ours.permits(name)
    forge(ours, tmp_path, name)
    assert "permitted subtree violation" in greets(ours, tmp_path, name)


@pytest.mark.parametrize("name", ["dev", "box", "com", "xn--p1ai", "a_b", "", "local", "localhost", "*.org",
                                  "8"])
def test_host_names_that_may_be_others_are_not_the_machines_own(tmp_path: Path, name: str) -> None:
    ours = authority(tmp_path, [name])
    constraints = ours.certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    named = {subtree.value for subtree in constraints.value.permitted_subtrees or ()
             if isinstance(subtree, x509.DNSName)}
    assert named == {"localhost", "local"}


def test_the_certificates_are_what_browsers_demand(tmp_path: Path) -> None:
    ours = authority(tmp_path, NAMES)
    ca = ours.certificate.extensions
    basic = ca.get_extension_for_class(x509.BasicConstraints)
    assert basic.critical and basic.value.ca and basic.value.path_length == 0
    assert ca.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    ServerCertificate(tmp_path, ours).cover(["192.168.1.7", "desk-7.local"])
    certificate = x509.load_pem_x509_certificate((tmp_path / tls.FILE).read_bytes())
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=397)
    used = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(used) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert covered(certificate) == {"192.168.1.7", "desk-7.local"}
    assert certificate.issuer == ours.certificate.subject
    assert ours.certificate.not_valid_after_utc > NOW + timedelta(days=9 * 365)
    assert len(ours.fingerprint) == 95
    assert ours.pem == (tmp_path / CA_FILE).read_bytes()


# --- files ----------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_keys_are_readable_by_their_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = own_config_directory()
    ServerCertificate(folder, authority(folder, NAMES)).cover(["localhost"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert modes == {authorities.FILE: 0o600, tls.FILE: 0o600, CA_FILE: 0o644, ".lock": 0o600}


def test_servers_that_start_at_once_share_one_authority(tmp_path: Path) -> None:
    script = ("import sys; from pathlib import Path; from xrserver.server.authority import authority\n"
              "from xrserver.server.tls import ServerCertificate\n"
              "ours = authority(Path(sys.argv[1]), ()); sys.stdin.read(1)\n"
              "ServerCertificate(Path(sys.argv[1]), ours).cover(['localhost']); print(ours.fingerprint)")
    starting = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate("go")[0] for process in starting]
    assert len(set(said)) == 1 and said[0].strip() == authority(tmp_path, ()).fingerprint
    assert not [file for file in tmp_path.iterdir() if ".former" in file.name]


def test_an_authority_is_made_once_and_kept(tmp_path: Path) -> None:
    assert authority(tmp_path, NAMES).fingerprint == authority(tmp_path, ("other",)).fingerprint


@pytest.mark.parametrize("damage", [
    lambda content: b"", lambda content: content[:300], lambda content: b"\0" * 4096,
    lambda content: content.split(b"-----BEGIN CERT")[0], lambda content: b"-----BEGIN CERT" + content.split(
        b"-----BEGIN CERT")[1]])
def test_a_damaged_authority_is_moved_away_with_a_sentence_and_made_anew(
        tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: object) -> None:
    before = authority(tmp_path, NAMES).fingerprint
    file = tmp_path / authorities.FILE
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    after = authority(tmp_path, NAMES)
    assert after.fingerprint != before
    assert "is damaged" in caplog.text and "must install the new one" in caplog.text
    assert ours_in(tmp_path) == after.fingerprint


def ours_in(folder: Path) -> str:
    shown = x509.load_pem_x509_certificate((folder / CA_FILE).read_bytes())
    return shown.fingerprint(authorities.hashes.SHA256()).hex(":").upper()


def test_a_key_of_another_authority_is_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        authority(folder, ())
    key = (one / authorities.FILE).read_bytes().split(b"-----BEGIN CERT")[0]
    certificate = (other / authorities.FILE).read_bytes().split(b"-----BEGIN CERT")[1]
    (one / authorities.FILE).write_bytes(key + b"-----BEGIN CERT" + certificate)
    authority(one, ())
    assert "do not belong together" in caplog.text


def test_an_authority_is_replaced_before_it_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = authority(tmp_path, NAMES)
    end = before.certificate.not_valid_after_utc
    assert authority(tmp_path, NAMES, end - timedelta(days=430)).fingerprint == before.fingerprint
    assert authority(tmp_path, NAMES, end - timedelta(days=400)).fingerprint != before.fingerprint
    assert "ends soon" in caplog.text


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="XDG_CONFIG_HOME"):
        own_config_directory()
    with pytest.raises(UsageError, match="cannot be read or made"):
        authority(tmp_path / "none", ())


def test_the_folder_is_the_platforms() -> None:
    home = Path.home()
    assert config_directory({}, "linux") == home / ".config" / "xrserver"
    assert config_directory({}, "darwin") == home / "Library" / "Application Support" / "xrserver"
    assert config_directory({"LOCALAPPDATA": str(home)}, "win32") == home / "xrserver" / "config"
    assert config_directory({"XDG_CONFIG_HOME": str(home / "x")}, "darwin") == home / "x" / "xrserver"
    assert config_directory({"XDG_CONFIG_HOME": "not/absolute"}, "linux") == home / ".config" / "xrserver"


# --- the server's certificate ---------------------------------------------------------------------------


def test_a_certificate_is_kept_between_runs_and_renewed_before_its_end(tmp_path: Path) -> None:
    ours = authority(tmp_path, NAMES)
    first = ServerCertificate(tmp_path, ours)
    assert first.cover(["192.168.1.7"])
    again = ServerCertificate(tmp_path, ours)
    assert again.cover(["192.168.1.7"]) and again.expires == first.expires
    end = first.expires
    assert not first.cover(["192.168.1.7"], end - timedelta(days=31))
    assert first.cover(["192.168.1.7"], end - timedelta(days=29)) and first.expires > end


def test_a_new_address_makes_a_new_certificate_and_one_less_does_not(tmp_path: Path) -> None:
    ours = authority(tmp_path, NAMES)
    used = ServerCertificate(tmp_path, ours)
    used.cover(["192.168.1.7", "localhost"])
    assert not used.cover(["localhost"]) and not used.cover(["localhost", "8.8.8.8"])
    assert used.cover(["10.0.0.7", "localhost"])
    assert greets(ours, tmp_path, "10.0.0.7") == ""
    assert "mismatch" in greets(ours, tmp_path, "192.168.1.7")


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\xff" * 1000])
def test_a_damaged_certificate_is_made_anew(tmp_path: Path, content: bytes,
                                            caplog: pytest.LogCaptureFixture) -> None:
    ours = authority(tmp_path, NAMES)
    (tmp_path / tls.FILE).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert ServerCertificate(tmp_path, ours).cover(["localhost"])
    assert greets(ours, tmp_path, "localhost") == "" and not caplog.text


def test_a_certificate_of_a_former_authority_is_not_used(tmp_path: Path) -> None:
    ServerCertificate(tmp_path, authority(tmp_path, NAMES)).cover(["localhost"])
    (tmp_path / authorities.FILE).unlink()
    ours = authority(tmp_path, NAMES)
    ServerCertificate(tmp_path, ours).cover(["localhost"])
    assert greets(ours, tmp_path, "localhost") == ""


def test_a_folder_that_became_unwritable_is_said(tmp_path: Path) -> None:
    ours = authority(tmp_path, NAMES)
    with pytest.raises(UsageError, match="cannot be used"):
        ServerCertificate(tmp_path / "gone", ours).cover(["localhost"])
