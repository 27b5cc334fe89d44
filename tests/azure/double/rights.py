"""What the caller may do: actions of role definitions, and what is refused for want of one. It knows no store."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from tests.azure.double.exchange import Refusal, Request
from tests.azure.double.routes import Place
from tests.azure.facts import PREFIX

VERBS: Final = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


def action(request: Request, at: Place) -> str:
    """The action that a request needs: Microsoft.MachineLearningServices/workspaces/batchEndpoints/write."""
    done = f"{at.action}/action" if at.action else VERBS.get(request.method, "action")
    return f"{PREFIX}{at.kind}/{done}"


def check(request: Request, at: Place, denied: Iterable[str]) -> None:
    """Refuse what the caller has no right to.

    Raises:
        Refusal: 403, in the words of Azure Resource Manager.
    """
    needed = action(request, at)
    if any(fnmatchcase(needed.lower(), each.lower()) for each in denied):
        scope = request.path
        said = (
            f"The client 'someone@example.org' with object id '12121212-3434-5656-7878-909090909090' does not have "
            f"authorization to perform action '{needed}' over scope '{scope}' or the scope is invalid. If access was "
            "recently granted, please refresh your credentials."
        )
        raise Refusal(403, "AuthorizationFailed", said)
