"""Nobody comes in who may not: each route is tried by everybody, whatever routes there are."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from bep.app.access.roles import ALLOWED, Role
from bep.app.access.tokens import Tokens
from bep.app.workspace.opening import Source
from bep.server.access.requirements import PUBLIC, Requirement, Unguarded, requirements_of
from bep.server.application import application
from bep.server.site import Site
from tests.bep.conftest import Workspace
from tests.server.serving import Running, serving

HTML = {"Accept": "text/html,*/*;q=0.8"}


def requirements(folder: Path) -> list[Requirement]:
    """What each route of the server needs."""
    made = application(Site(folder, Source(), "http://localhost"))
    return requirements_of(made.router.routes)


def asked(needed: Requirement) -> Iterator[tuple[str, str]]:
    """Each method of a route, with the paths that it answers to: those of Azure Resource Manager are the same in any
    casing, and what stands before the routes is not to take one for another."""
    path = re.sub(r"\{[^}]*\}", "1", needed.path)
    for method in sorted(needed.route.methods or ()):
        for spelt in {path, path.lower(), path.upper()} if path.startswith("/subscriptions/") else {path}:
            yield method, spelt


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture(scope="module")
def guarded(applied_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server for many questions."""
    import shutil

    folder = tmp_path_factory.mktemp("guarded") / "workspace"
    shutil.copytree(applied_once, folder)
    with serving(Workspace(folder)) as found:
        yield found


def test_it_says_that_it_is_there(guarded: Running) -> None:
    assert httpx.get(guarded.address + "/healthz").text == "ok"
    assert httpx.get(guarded.address + "/readyz").text == "ok"


def test_every_route_refuses_whoever_is_not_known(guarded: Running) -> None:
    tokens = Tokens(guarded.workspace.folder / ".bep")
    now = datetime.now(UTC)
    expired = tokens.create("old", Role.ADMIN, now - timedelta(days=2), now - timedelta(days=1))
    revoked = guarded.token("admin", name="revoked")
    assert httpx.get(guarded.address, headers=bearer(revoked)).status_code == 200
    guarded.workspace.bep("token", "revoke", "revoked")
    headers = [{}, bearer("bep_wrong"), bearer(expired), bearer(revoked), {"Authorization": "Bearer"}]
    headers += [{"Authorization": "Basic YTpi"}, {"Cookie": f"bep-{guarded.port}=wrong"}]
    tried = 0
    with httpx.Client(base_url=guarded.address) as client:
        for needed in requirements(guarded.workspace.folder):
            for method, path in asked(needed):
                is_respelt = path != re.sub(r"\{[^}]*\}", "1", needed.path)
                for given in headers[:2] if is_respelt else headers:  # another spelling is the same door
                    if (method, needed.path) in PUBLIC:
                        continue
                    answer = client.request(method, path, headers=given)
                    assert answer.status_code in (401, 429), f"{method} {path} {given}: {answer.status_code}"
                    tried += 1
                if needed.signed_by:
                    answer = client.request(method, path, params={needed.signed_by: "wrong", "se": "2999-01-01"})
                    assert answer.status_code == 403, f"{method} {path}: {answer.status_code}"
    assert tried > 10


def test_every_route_refuses_a_role_that_is_too_small(guarded: Running) -> None:
    tried = 0
    for role in Role:
        client = guarded.client(role)
        for needed in requirements(guarded.workspace.folder):
            too_small = [group for group in needed.permissions if not ALLOWED[role] & set(group)]
            for method, path in asked(needed) if too_small else ():
                answer = client.request(method, path)
                assert answer.status_code == 403, f"{role} {method} {path}: {answer.status_code}"
                assert f"the role of {role} is {role}" in answer.json()["error"]["message"]
                tried += 1
    assert tried >= 3


def test_what_is_public_is_there_and_nothing_more(guarded: Running) -> None:
    there = {(method, one.path) for one in requirements(guarded.workspace.folder) for method in one.route.methods or ()}
    assert there >= PUBLIC
    assert {path for _, path in PUBLIC} == {"/healthz", "/readyz", "/login/{code}", "/studio/assets/{name}"}


def test_a_route_that_asks_for_nobody_is_found_when_the_application_is_made() -> None:
    router = APIRouter()

    @router.get("/open")
    def opened() -> None:
        """Forgotten."""

    with pytest.raises(Unguarded, match="GET /open: it needs no permission"):
        requirements_of(router.routes)


def test_whether_something_is_there_is_told_to_nobody_unknown(guarded: Running) -> None:
    assert httpx.get(guarded.address + "/nothing").status_code == 401
    assert httpx.post(guarded.address + "/healthz").status_code == 401
    answer = guarded.client().get("/nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")


def test_no_byte_of_a_body_is_read_for_whoever_may_not(guarded: Running) -> None:
    broken = {"content": b"{", "headers": {"Content-Type": "application/json"}}
    assert httpx.post(guarded.address + "/endpoints/letters/jobs", **broken).status_code == 401  # type: ignore[arg-type]
    guarded.client("read").post("/endpoints/letters/jobs", content=b"{")


def test_tokens_made_and_revoked_hold_at_once(guarded: Running) -> None:
    secret = guarded.token("read", name="fresh")
    for _ in range(3):
        assert httpx.get(guarded.address, headers=bearer(secret)).status_code == 200
        guarded.workspace.bep("token", "revoke", "fresh")
        assert httpx.get(guarded.address, headers=bearer(secret)).status_code in (401, 429)
        secret = guarded.token("read", name="fresh")


def test_a_wrong_token_is_answered_429_after_ten_and_locks_nobody_out(applied: Workspace) -> None:
    with serving(applied) as running, httpx.Client(base_url=running.address) as client:
        good = bearer(running.token("read"))
        codes = [client.get("/", headers=bearer(f"bep_{number}")).status_code for number in range(12)]
        assert codes == [401] * 10 + [429] * 2
        answer = client.get("/", headers=bearer("bep_x"))
        assert 1 <= int(answer.headers["retry-after"]) <= 61
        assert client.get("/", headers=good).status_code == 200
        assert client.get("/").status_code == 401  # who says nothing guesses nothing


def test_damaged_tokens_let_nobody_in_and_are_told_of(applied: Workspace) -> None:
    with serving(applied) as running:
        client = running.client()
        assert client.get("/").status_code == 200
        file = applied.folder / ".bep/access/tokens.json"
        kept = file.read_bytes()
        for wrong in (b"", b"{", b"[]", b'{"format_version": 1}', b'{"format_version": 2, "tokens": []}'):
            file.write_bytes(wrong)
            answer = client.get("/")
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "AccessUnknown")
        file.write_bytes(kept)
        assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8700", "localhost.evil.example", "", "a/b", "[::1", "x@y"]
)
def test_a_host_that_is_not_ours_is_refused_whatever_is_asked(guarded: Running, host: str) -> None:
    for path in ("/healthz", "/", "/login/x"):
        assert httpx.get(guarded.address + path, headers={"Host": host}).status_code == 421


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:99", "127.0.0.1:1", "[::1]:8700", "10.1.2.3", "blob.localhost"]
)
def test_a_host_that_nobody_can_take_is_ours(guarded: Running, host: str) -> None:
    assert httpx.get(guarded.address + "/healthz", headers={"Host": host}).text == "ok"


def test_other_names_are_ours_where_that_is_said(applied: Workspace) -> None:
    given = ("--allow-host", "Score.example.com", "--allow-host", "*.bep.example", "--url", "https://front.example/")
    with serving(applied, *given, "--behind-proxy") as running:
        assert running.address == "https://front.example"
        there = f"http://127.0.0.1:{running.port}/healthz"
        for host in ("score.example.com", "front.example:443", "a.b.bep.example"):
            assert httpx.get(there, headers={"Host": host}).status_code == 200, host
        for host in ("bep.example", "x.score.example.com"):
            assert httpx.get(there, headers={"Host": host}).status_code == 421, host


def test_every_answer_tells_browsers_to_trust_nothing_else(guarded: Running) -> None:
    answers = [
        httpx.get(guarded.address + "/healthz"),
        httpx.get(guarded.address, headers=HTML),
        guarded.client().get("/", headers=HTML),
        guarded.client().get("/nothing"),
        guarded.client().get("/metrics"),
        httpx.get(guarded.address + "/login/wrong", headers=HTML),
        httpx.get(guarded.address, headers={"Host": "evil.example"}),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "no-store" in answer.headers["cache-control"]
        assert "server" not in answer.headers


def test_a_body_that_says_it_is_too_large_is_refused(guarded: Running) -> None:
    said = guarded.client().post("/studio/sign-out", content=b" " * (5 << 20))
    assert said.status_code == 413
    assert "4,194,304 bytes" in said.json()["error"]["message"]
