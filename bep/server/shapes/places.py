"""Where things are: the addresses of this server's endpoints, jobs and pages, and ids as the service has them. Pure."""

from typing import Final

from bep.app.access.addresses import job_page, scoring_uri

__all__ = ("GROUP", "PROVIDER", "SUBSCRIPTION", "job_page", "scoring_uri", "workspace_id")

PROVIDER: Final = "Microsoft.MachineLearningServices"
SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"
GROUP: Final = "bep"
"""A workspace of this machine is in no subscription and no group: any are taken in a request, these are answered."""


def workspace_id(workspace: str, subscription: str = SUBSCRIPTION, group: str = GROUP) -> str:
    """The id of a workspace in Azure Resource Manager."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{PROVIDER}/workspaces/{workspace}"
