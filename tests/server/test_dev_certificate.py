"""A certificate of one's own: made once, for this machine, and made anew when it does not fit any more."""

import socket
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from bep.app.access.certificates import VALID, own_certificate
from tests.bep.conftest import Workspace
from tests.server.serving import serving

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def test_it_is_kept_while_it_fits(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, "127.0.0.1", NOW)
    content = first.certificate.read_bytes()

    assert own_certificate(tmp_path, "127.0.0.1", NOW + timedelta(days=300)) == first
    assert first.certificate.read_bytes() == content
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("host", "moved"), [("score.example.org", timedelta(0)), ("127.0.0.1", VALID), ("127.0.0.1", -VALID)]
)
def test_it_is_made_anew_for_another_name_and_when_its_time_is_over(
    tmp_path: Path, host: str, moved: timedelta
) -> None:
    content = own_certificate(tmp_path, "127.0.0.1", NOW).certificate.read_bytes()

    assert own_certificate(tmp_path, host, NOW + moved).certificate.read_bytes() != content


@pytest.mark.parametrize("left", ["dev-key.pem", "dev-certificate.pem"])
def test_half_a_pair_is_made_anew(tmp_path: Path, left: str) -> None:
    found = own_certificate(tmp_path, "127.0.0.1", NOW)
    (found.certificate if left == "dev-key.pem" else found.key).unlink()

    made = own_certificate(tmp_path, "127.0.0.1", NOW)

    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(made.certificate, made.key)  # they fit


def test_whoever_trusts_it_and_nobody_else_asks_a_server_that_has_it(applied: Workspace) -> None:
    with serving(applied, "--dev-cert") as running:
        trusting = ssl.create_default_context(cafile=str(applied.folder / ".bep/access/dev-certificate.pem"))
        trusting.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python has it from 3.13 on
        port = urlsplit(running.address).port
        for name in ("127.0.0.1", "localhost"):
            assert httpx.get(f"https://{name}:{port}/healthz", verify=trusting).text == "ok"
        wrong = pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch")
        with socket.create_connection(("127.0.0.1", port)) as plain, wrong:
            trusting.wrap_socket(plain, server_hostname="other.example.org")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{running.address}/healthz")
