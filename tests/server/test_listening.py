"""Where a server listens: nowhere that a token could be overheard, and with a certificate that is one."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bep.app.errors import Refused
from bep.server.listening import Door, must_be_private, names_of
from bep.server.site import asked_names, asked_url
from tests.bep.conftest import Workspace
from tests.server.serving import serving

NOW = datetime.now(UTC)


def certificate(folder: Path, *, days: int = 10, password: bytes = b"") -> tuple[str, str]:
    """The files of a certificate that signs itself, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bep")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("Score.Example")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(NOW - timedelta(days=20)).not_valid_after(NOW + timedelta(days=days))
        .add_extension(names, critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, hidden))
    return str(folder / "cert.pem"), str(folder / "key.pem")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST"])
def test_this_machine_alone_needs_no_certificate(host: str) -> None:
    must_be_private(Door(host, 1), is_behind_proxy=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "score.example", "", "localhost.evil.example"])
def test_another_address_needs_one_or_a_proxy(host: str) -> None:
    with pytest.raises(Refused, match="whoever is in between reads each token"):
        must_be_private(Door(host, 1), is_behind_proxy=False)
    must_be_private(Door(host, 1), is_behind_proxy=True)
    must_be_private(Door(host, 1, "cert.pem", "key.pem"), is_behind_proxy=False)


def test_the_command_says_how_to_mend_it(applied: Workspace) -> None:
    said = applied.bep("serve", "--host", "0.0.0.0", "--port", "0", expect=1).stderr
    assert "--cert FILE --key FILE" in said
    assert "--behind-proxy" in said


def test_over_tls_it_answers_by_the_names_of_its_certificate(applied: Workspace) -> None:
    cert, key = certificate(applied.folder / "tls")
    with serving(applied, "--cert", cert, "--key", key) as running:
        assert running.address.startswith("https://127.0.0.1:")
        trusted = ssl.create_default_context(cafile=cert)
        there = f"https://localhost:{running.port}/healthz"
        with httpx.Client(verify=trusted) as client:
            assert client.get(there).text == "ok"
            assert client.get(there, headers={"Host": "score.example"}).text == "ok"
            assert client.get(there, headers={"Host": "other.example"}).status_code == 421
            code = running.link().rpartition("/")[2]
            cookie = client.get(f"https://localhost:{running.port}/login/{code}").headers["set-cookie"]
        assert cookie.startswith(f"__Host-bep-{running.port}=")
        assert "Secure" in cookie.split("; ")


def test_each_wrong_certificate_is_told_what_is_wrong(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path / "one")
    other = certificate(tmp_path / "other")
    old = certificate(tmp_path / "old", days=-1)
    locked = certificate(tmp_path / "locked", password=b"x")
    text = tmp_path / "text"
    text.write_text("nothing")
    wrong = [
        ((cert, ""), "key is missing"), (("", key), "cert is missing"),
        ((str(tmp_path / "none"), key), "cert .*none cannot be read: No such file"),
        ((cert, str(tmp_path)), "key .* cannot be read: Is a directory"),
        ((cert, other[1]), "is the key of another certificate"), (old, "was valid until"),
        (locked, "is encrypted"), ((str(text), key), "are no certificate in PEM"), ((cert, str(text)), "are no certi"),
    ]  # fmt: skip
    for files, told in wrong:
        with pytest.raises(Refused, match=told):
            names_of(Door("127.0.0.1", 1, *files), NOW)
    assert names_of(Door("127.0.0.1", 1, cert, key), NOW) == ("localhost", "score.example")
    assert names_of(Door("127.0.0.1", 1), NOW) == ()


@pytest.mark.parametrize(
    "url", ["x", "ftp://x", "https://", "https://a/b", "https://a?b", "https://u@a", "https://a:99999"]
)
def test_what_is_no_address_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(Refused, match="no URL of a server"):
        asked_url(url)


def test_addresses_and_names_as_they_are_asked_for() -> None:
    assert asked_url("") == ""
    assert asked_url("https://score.example:8443/") == "https://score.example:8443"
    assert asked_url("http://[::1]:8700") == "http://[::1]:8700"
    assert asked_names(["A.example", "*.b.example"]) == ("a.example", "*.b.example")
    for wrong in ("", "*", "a b", "a/b", "a:1", "*.", "http://a"):
        with pytest.raises(Refused, match="is no host"):
            asked_names([wrong])


def test_a_port_that_is_taken_is_told_of(applied: Workspace) -> None:
    with serving(applied) as running:
        said = applied.bep("serve", "--port", str(running.port), expect=1).stderr
        assert "cannot be listened on: Address already in use" in said
