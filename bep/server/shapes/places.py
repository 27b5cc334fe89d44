"""Where things are: the addresses of this server's endpoints, jobs and pages, and ids as the service has them. Pure."""

from typing import Final
from urllib.parse import quote

PROVIDER: Final = "Microsoft.MachineLearningServices"
SUBSCRIPTION: Final = "00000000-0000-0000-0000-000000000000"
GROUP: Final = "bep"
"""A workspace of this machine is in no subscription and no group: any are taken in a request, these are answered."""


def workspace_id(workspace: str, subscription: str = SUBSCRIPTION, group: str = GROUP) -> str:
    """The id of a workspace in Azure Resource Manager."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{PROVIDER}/workspaces/{workspace}"


def scoring_uri(address: str, endpoint: str) -> str:
    """Where jobs of an endpoint are posted; `address` is the server's."""
    return f"{address}/endpoints/{quote(endpoint, safe='')}/jobs"


def job_page(address: str, job: str) -> str:
    """The page of the studio that shows a job."""
    return f"{address}/studio/jobs/{quote(job, safe='')}"
