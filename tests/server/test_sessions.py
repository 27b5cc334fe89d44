"""A browser signs in by a link that works once, and writes only from a page of ours."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bep.app.access.roles import Role
from bep.app.access.sessions import LINK_TIME, SESSION_TIME, Sessions
from bep.server.access.callers import FORMS
from tests.bep.conftest import Workspace
from tests.server.serving import Running, serving

HTML = {"Accept": "text/html,*/*;q=0.8"}
OUT = "/studio/sign-out"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def csrf(client: httpx.Client) -> str:
    """The word that a page of ours has for its forms."""
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', client.get("/").text)
    assert found is not None
    return found[1]


def test_the_link_works_once_and_gives_a_cookie_that_no_script_reads(running: Running) -> None:
    address = running.link()
    assert address.startswith(running.address + "/login/")
    answer = httpx.get(address, headers=HTML)
    assert answer.status_code == 200
    assert 'http-equiv="refresh" content="0;url=/"' in answer.text
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"bep-{running.port}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    again = httpx.get(address, headers=HTML)
    assert (again.status_code, "set-cookie" in again.headers) == (401, False)
    assert httpx.get(address).json()["error"]["message"].startswith("this link has been used, or is too old")


def test_a_browser_that_looks_ahead_uses_up_no_link(running: Running) -> None:
    address = running.link()
    for name in ("Sec-Purpose", "Purpose"):
        assert httpx.get(address, headers={name: "prefetch;prerender"}).status_code == 409
    assert httpx.get(address).status_code == 200


def test_a_session_has_its_role_and_outlives_the_server(applied: Workspace) -> None:
    with serving(applied) as running:
        reader, admin = running.browser("--role", "read"), running.browser()
        assert (reader.get("/").status_code, reader.get("/metrics").status_code) == (200, 200)
        assert reader.post("/endpoints/letters/jobs/x/cancel").status_code == 403
        value = next(iter(admin.cookies.jar)).value
    with serving(applied) as running:
        cookie = {"Cookie": f"bep-{running.port}={value}"}
        assert httpx.get(running.address, headers=cookie).status_code == 200


def test_a_write_needs_the_word_of_a_page(running: Running) -> None:
    client = running.browser()
    word = csrf(client)
    for data in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": "é"}):
        assert client.post(OUT, data=data).status_code == 403
    for wrong in ("", "0" * 64):
        assert client.post(OUT, headers={"X-CSRF-Token": wrong}).status_code == 403
    assert client.post(OUT, content=f"csrf={word}").status_code == 403  # no form: what a page of another host can send
    other = csrf(running.browser())
    assert client.post(OUT, data={"csrf": other}).status_code == 403
    assert client.get("/").status_code == 200
    assert client.post(OUT, data={"csrf": word}).status_code == 200
    assert client.get("/").status_code == 401


@pytest.mark.parametrize("how", ["header", *FORMS])
def test_the_word_may_come_in_each_way_that_a_page_has(running: Running, how: str) -> None:
    client = running.browser()
    word, answer = csrf(client), None
    if how == "header":
        answer = client.post(OUT, headers={"X-CSRF-Token": word})
    elif how == FORMS[0]:
        answer = client.post(OUT, data={"csrf": word})
    else:
        answer = client.post(OUT, data={"csrf": word}, files={"file": b"x"})
    assert (answer.status_code, "Signed out" in answer.text) == (200, True)
    assert client.get("/").status_code == 401


@pytest.mark.parametrize(
    "given",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},  # another port of this machine is another's
        {"Origin": "https://{host}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_page_of_another_origin_writes_nothing(running: Running, given: dict[str, str]) -> None:
    client = running.browser()
    host = running.address.removeprefix("http://")
    given = {name: value.format(host=host) for name, value in given.items()}
    word = csrf(client)
    assert client.post(OUT, data={"csrf": word}, headers=given).status_code == 403
    ours = {"Origin": running.address, "Sec-Fetch-Site": "same-origin"}
    assert client.post(OUT, data={"csrf": word}, headers=ours).status_code == 200


def test_a_token_needs_no_word_and_has_no_session(running: Running) -> None:
    assert running.client().post(OUT).status_code == 409
    client = running.browser()
    client.headers["Authorization"] = "Bearer wrong"  # what is said goes before what a browser adds by itself
    assert client.get("/").status_code == 401


def test_a_form_that_does_not_end_is_refused(running: Running) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"csrf="
        for _ in range(80):
            yield b"x" * 65_536

    client = running.browser()
    answer = client.post(OUT, content=pieces(), headers={"Content-Type": FORMS[0]})
    assert answer.status_code in (400, 413)  # the first limit that is met: of a field, or of a body


def test_everybody_is_signed_out_at_once(running: Running) -> None:
    clients = [running.browser(), running.browser("--role", "read")]
    unused = running.link()
    assert json.loads(running.workspace.bep("studio", "--sign-out-all", "--json").stdout) == {"signed_out": 2}
    assert [client.get("/").status_code for client in clients] == [401, 401]
    assert httpx.get(unused).status_code == 401


def test_no_link_without_a_server(applied: Workspace) -> None:
    done = applied.bep("studio", expect=1)
    assert "no server of this workspace runs here" in done.stderr
    assert "bep serve" in done.stderr


def test_over_tls_and_behind_a_proxy_the_cookie_is_for_this_host_alone(applied: Workspace) -> None:
    with serving(applied, "--behind-proxy", "--url", "https://front.example") as running:
        address = running.link()
        assert address.startswith("https://front.example/login/")
        local = f"http://127.0.0.1:{running.port}"
        front = {"Host": "front.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "1.1.1.1, 10.9.8.7"}
        answer = httpx.get(local + address.removeprefix("https://front.example"), headers=front)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-bep-studio=")
        assert "Secure" in cookie.split("; ")
        signed = {**front, "Cookie": cookie.partition(";")[0]}
        page = httpx.get(local, headers=signed)
        word = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
        assert word is not None
        for origin, status in (("http://front.example", 403), ("https://front.example", 200)):
            done = httpx.post(local + OUT, data={"csrf": word[1]}, headers={**signed, "Origin": origin})
            assert done.status_code == status
    lines = [json.loads(line) for line in (applied.folder / ".bep/access/audit.jsonl").read_text().splitlines()]
    assert [one["address"] for one in lines if one["event"] == "asked"] == ["10.9.8.7"]


def test_links_and_sessions_end_by_themselves(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    code = sessions.invite("ann", Role.READ, NOW)
    assert sessions.begin(code, NOW + LINK_TIME) is None
    code = sessions.invite("ann", Role.READ, NOW)
    begun = sessions.begin(code, NOW + LINK_TIME - timedelta(seconds=1))
    assert begun is not None
    secret, session = begun
    assert (session.name, session.role) == ("ann", Role.READ)
    assert sessions.recognised(secret, session.expires - timedelta(seconds=1)) == session
    assert sessions.recognised(secret, session.expires) is None
    assert sessions.begin(code, NOW) is None
    sessions.invite("bob", Role.READ, NOW + SESSION_TIME * 2)
    assert [*(tmp_path / "access/sessions").iterdir()] == []
    assert len([*(tmp_path / "access/links").iterdir()]) == 1


def test_neither_names_nor_contents_of_the_files_let_anybody_in(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path)
    begun = sessions.begin(sessions.invite("ann", Role.ADMIN, NOW), NOW)
    assert begun is not None
    sessions.invite("ann", Role.ADMIN, NOW)
    for path in (tmp_path / "access").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0
        assert sessions.recognised(path.name, NOW) is None
        assert sessions.begin(path.name, NOW) is None
        if path.is_file():
            assert begun[0] not in path.read_text()
    for wrong in ("", "../tokens.json", "x" * 10_000, "\ud800", "\0"):
        assert sessions.recognised(wrong, NOW) is None
        assert sessions.begin(wrong, NOW) is None
