"""Where a server may listen, and with which certificate. Opens no socket."""

import socket
import ssl
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from bep.app.errors import Refused
from bep.lazy_dataclasses import dataclass
from bep.schemas.next_step import again

LOOPBACK: Final = "localhost"


@dataclass(frozen=True)
class Door:
    """Where it listens: port 0 takes any that is free. `certificate` and `key` are files, empty for plain http."""

    host: str
    port: int
    certificate: str = ""
    key: str = ""

    @property
    def scheme(self) -> str:
        """Of the URLs of this server."""
        return "https" if self.certificate else "http"

    def address(self, port: int) -> str:
        """The URL of this server on a port, without a slash at its end."""
        return f"{self.scheme}://{_in_url(self.host)}:{port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        try:
            return ip_address(self.host.partition("%")[0]).is_loopback
        except ValueError:
            return self.host.lower() == LOOPBACK


def must_be_private(door: Door, *, is_behind_proxy: bool) -> None:
    """Raises `Refused` where tokens would cross a network that anybody may listen to."""
    if door.is_loopback or door.certificate or is_behind_proxy:
        return
    tls, proxy = again(cert="FILE", key="FILE"), again(behind_proxy=True)
    raise Refused(
        f"{door.host} is reached by other machines, and without TLS whoever is in between reads each token\n"
        f"    fix: give a certificate: {tls}; or, where a proxy in front has one: {proxy}",
        about="host",
        next=(tls, proxy),
    )


def names_of(door: Door, now: datetime) -> tuple[str, ...]:
    """The hosts that the certificate is for, in lower case; none without one.

    Raises `Refused` for files that are no certificate and its key, or whose time is over.
    """
    if not (door.certificate or door.key):
        return ()
    for said, about in ((door.certificate, "cert"), (door.key, "key")):
        if not said:
            raise Refused("is missing: a certificate and its key go together", about=about)
        _must_be_readable(Path(said), about)
    _must_belong_together(door)
    from cryptography import x509

    leaf = x509.load_pem_x509_certificates(Path(door.certificate).read_bytes())[0]
    if now >= leaf.not_valid_after_utc:
        raise Refused(f"{door.certificate} was valid until {leaf.not_valid_after_utc:%Y-%m-%d}: renew it", about="cert")
    try:
        named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(name.lower() for name in named.get_values_for_type(x509.DNSName))


def _must_be_readable(file: Path, about: str) -> None:
    try:
        file.read_bytes()
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}", about=about) from None


def _must_belong_together(door: Door) -> None:
    def passphrase() -> str:
        raise Refused(f"{door.key} is encrypted: a server has nobody to ask for its passphrase", about="key")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(door.certificate, door.key, passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise Refused(
                f"{door.key} is the key of another certificate than {door.certificate}", about="key"
            ) from None
        told = "are no certificate in PEM and its key"
        raise Refused(f"{door.certificate} and {door.key} {told} ({error.reason or error})", about="cert") from None


def _in_url(host: str) -> str:
    """The host as others reach it: who listens everywhere is reached by this machine's name."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
