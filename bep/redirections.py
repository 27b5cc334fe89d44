"""urllib without redirections: what is meant for one address, a token or a notice, goes to no other. Knows no host."""

import urllib.request
from typing import Any


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """urllib itself would send everything along to wherever it is told to go."""

    def redirect_request(self, *_: Any) -> None:
        return None


def opener_without_redirections() -> urllib.request.OpenerDirector:
    """An opener for which a redirection is an answer like any other that is no success: it raises `HTTPError`."""
    return urllib.request.build_opener(_NoRedirection)
