"""The Jobs API of a Ray cluster's dashboard, with the standard library alone: no Ray, and any Python. Knows no job of
bep's, and reads no environment."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from bep.lazy_dataclasses import dataclass, field
from bep.runner.cluster.package import Package
from bep.runner.cluster.tokens import FILE_VARIABLE, VARIABLE
from bep.runner.errors import ClusterRefused
from bep.runner.transfer.addresses import hidden, without_login

ENDED: Final = ("STOPPED", "SUCCEEDED", "FAILED")
"""Ray's words for a job that does nothing any more; the others are PENDING and RUNNING."""
_PATIENCE: Final = 60.0  # seconds: a busy head answers late
_LONGEST: Final = 300  # signs of what a server says, in a message


@dataclass(frozen=True, slots=True)
class Submission:
    """A job of Ray's that is asked for: `command` is run by the shell of the head node, with a package around it.

    `variables` are shown by the dashboard to whoever may look at it: none is a secret. The job takes no CPU of Ray's.
    """

    id: str
    command: str
    package: Package
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submitted:
    """Where a job of Ray's is: one of Ray's words, and what Ray says of it."""

    state: str
    message: str

    @property
    def has_ended(self) -> bool:
        """Whether it does nothing any more."""
        return self.state in ENDED


class _Unasked(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: the token would go along."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Dashboard:
    """A dashboard, at its address and with the cluster's token. Each call is one request, made once.

    All raise `ClusterRefused` where it does not answer, or not as Ray's does.
    """

    def __init__(self, url: str, token: str = "", patience: float = _PATIENCE) -> None:
        self.url = without_login(url).rstrip("/")
        self._token = token
        self._patience = patience
        self._opener = urllib.request.build_opener(_Unasked)

    def version(self) -> str:
        """The version of Ray that the cluster runs."""
        return str(self._told("GET", "/api/version", "ray_version"))

    def bring(self, package: Package) -> None:
        """Make sure that the cluster has a package. It is sent where it is not there yet."""
        path = f"/api/packages/gcs/{package.name}"
        status, content = self._ask("GET", path)  # which keeps it there for a while
        if status == 404:
            status, content = self._ask("PUT", path, package.content, "application/zip")
        self._must_be(status == 200, status, content)

    def submit(self, wanted: Submission) -> None:
        """Start a job. Raises `ClusterRefused` for an id that a job has had, also where an earlier answer was lost."""
        environment = {"working_dir": wanted.package.address, "env_vars": dict(wanted.variables)}
        body = {"entrypoint": wanted.command, "submission_id": wanted.id, "runtime_env": environment}
        self._told("POST", "/api/jobs/", "submission_id", body)

    def status(self, id: str) -> Submitted | None:
        """Where a job is; None where the cluster knows none of this id, such as a head that was started anew."""
        status, content = self._ask("GET", f"/api/jobs/{quote(id, safe='')}")
        if status == 404:
            return None
        found = self._read(status, content)
        return Submitted(str(found.get("status")), _short(str(found.get("message") or "")))

    def logs(self, id: str) -> str:
        """All that a job has said so far, after a few lines of Ray's own."""
        return str(self._told("GET", f"/api/jobs/{quote(id, safe='')}/logs", "logs"))

    def stop(self, id: str) -> bool:
        """End a job: it has three seconds. False where it had ended before, or is unknown."""
        status, content = self._ask("POST", f"/api/jobs/{quote(id, safe='')}/stop")
        return status != 404 and bool(self._read(status, content).get("stopped"))

    def _told(self, method: str, path: str, name: str, body: object = None) -> Any:
        """One member of the answer."""
        data = None if body is None else json.dumps(body).encode()
        status, content = self._ask(method, path, data, "application/json")
        found = self._read(status, content)
        self._must_be(name in found, status, content)
        return found[name]

    def _read(self, status: int, content: bytes) -> dict[str, Any]:
        """The answer, which is an object."""
        self._must_be(status == 200, status, content)
        try:
            found = json.loads(content)
        except ValueError:
            found = None
        self._must_be(isinstance(found, dict), status, content)
        return dict(found)

    def _must_be(self, is_so: bool, status: int, content: bytes) -> None:
        """Refuse an answer that is none of Ray's. Ray puts tracebacks into its own: the last words say what it was."""
        if is_so:
            return
        lines = [line.strip() for line in content.decode(errors="replace").splitlines() if any(map(str.isalnum, line))]
        said = _short(lines[-1]) if lines else "nothing"
        raise ClusterRefused(
            f"{self.url} answers {status}, and says: {said}\n"
            "    fix: see whether the address is that of a Ray dashboard with the Jobs API (ray[default]), and its logs"
        )

    def _ask(self, method: str, path: str, data: bytes | None = None, sort: str = "") -> tuple[int, bytes]:
        """Status and content of one answer. Raises `ClusterRefused` where there is none, or who asks may not."""
        try:
            request = urllib.request.Request(self.url + path, data, {"Content-Type": sort} if sort else {})
            request.method = method
            if self._token:
                request.add_unredirected_header("Authorization", f"Bearer {self._token}")
            with self._opener.open(request, timeout=self._patience) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            with answer:
                self._may(answer.code, str(answer.headers.get("Location", "")), len(data or b""))
                return answer.code, _content(answer)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ClusterRefused(
                f"{self.url} does not answer: {_reason(error)}\n"
                "    fix: see whether the cluster runs, whether its dashboard is there for other machines (its host is"
                " 127.0.0.1 unless Ray is told another), and whether this machine reaches it"
            ) from None

    def _may(self, status: int, elsewhere: str, size: int) -> None:
        """Refuse in words what has a remedy of its own."""
        where = f"{VARIABLE}, or in the file that {FILE_VARIABLE} names"
        if status == 401:
            fix = f"put the cluster's token in {where}"
            raise ClusterRefused(f"{self.url} wants a token, and was given none\n    fix: {fix}")
        if status == 403:
            fix = f"put the token of this cluster in {where}; `ray get-auth-token` on its head prints it"
            raise ClusterRefused(f"{self.url} does not take the token that it was given\n    fix: {fix}")
        if status == 413:
            raise ClusterRefused(
                f"{self.url} takes no {size} bytes at once\n"
                "    fix: raise the limit of the proxy before it (nginx: client_max_body_size), or name the dashboard's"
                " own address"
            )
        if elsewhere and 300 <= status < 400:
            fix = "name the address where the dashboard is: the token is sent there alone"
            raise ClusterRefused(f"{self.url} sends on to {_short(hidden(elsewhere))}\n    fix: {fix}")


def _content(answer: urllib.error.HTTPError) -> bytes:
    """What a refusal says; nothing where its end does not come."""
    try:
        return answer.read(1 << 20)
    except (OSError, http.client.HTTPException):
        return b""


def _reason(error: Exception) -> str:
    """What kept an answer from coming, in a few words."""
    inner = getattr(error, "reason", None) or error
    told = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return _short(str(told))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 4] + " ..."
