"""A certificate of one's own, for trying the server over TLS: made once, kept, made anew when it does not fit any more.

It stands for itself: clients are told to trust this one file, and no authority is made that could stand for others.
"""

import ipaddress
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bep.app.access.private_files import FILE, NAME, make_private
from bep.disk.durable import replacing
from bep.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from cryptography import x509

VALID: Final = timedelta(days=365)
_LEFT: Final = timedelta(days=30)  # with less time than this it is made anew
_ANYWHERE: Final = ("", "0.0.0.0", "::")


@dataclass(frozen=True)
class Certificate:
    """The files of a certificate and of its key."""

    certificate: Path
    key: Path


def own_certificate(home: Path, host: str, now: datetime) -> Certificate:
    """A certificate for this machine, as the server is asked for by `host` or from here. Raises `OSError`."""
    folder = home / NAME
    found = Certificate(folder / "dev-certificate.pem", folder / "dev-key.pem")
    names = _names(host)
    if not _fits(found, names, now):
        make_private(folder)
        certificate, key = _made(names, now)
        found.certificate.unlink(missing_ok=True)  # a kill between the two files leaves no pair that does not fit
        for path, content in ((found.key, key), (found.certificate, certificate)):
            with replacing(path, mode=FILE) as stream:
                stream.write(content)
    return found


def _names(host: str) -> tuple[str, ...]:
    """By which names this machine is asked: its own, those of the loopback, and where it listens.

    The datastores have no name of their own: their account is a path of this server.
    """
    own = () if host in _ANYWHERE else (host,)
    return tuple(dict.fromkeys(("localhost", "127.0.0.1", "::1", socket.gethostname(), *own)))


def _fits(found: Certificate, names: tuple[str, ...], now: datetime) -> bool:
    """Whether there is one that is valid for a while, for all these names."""
    from cryptography import x509

    try:
        made = x509.load_pem_x509_certificate(found.certificate.read_bytes())
        told = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, x509.ExtensionNotFound):
        return False
    is_valid = made.not_valid_before_utc <= now < made.not_valid_after_utc - _LEFT
    return is_valid and found.key.exists() and set(_as_names(names)) <= set(told)


def _made(names: tuple[str, ...], now: datetime) -> tuple[bytes, bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bep, for trying")])
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - timedelta(hours=1))  # clocks differ
        .not_valid_after(now.astimezone(UTC) + VALID)
        .add_extension(x509.SubjectAlternativeName(_as_names(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return made.public_bytes(serialization.Encoding.PEM), secret


def _as_names(names: tuple[str, ...]) -> "list[x509.GeneralName]":
    """A name as a certificate has it: an address or the name of a host."""
    from cryptography import x509

    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found
