"""Where a server of this workspace has what: its endpoints' scoring URIs, its pages. Pure."""

from urllib.parse import quote


def scoring_uri(address: str, endpoint: str) -> str:
    """Where jobs of an endpoint are posted; `address` is the server's."""
    return f"{address}/endpoints/{quote(endpoint, safe='')}/jobs"


def job_page(address: str, job: str) -> str:
    """The page of the studio that shows a job."""
    return f"{address}/studio/jobs/{quote(job, safe='')}"
