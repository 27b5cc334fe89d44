"""Which systems bep runs on. Imports nothing: where it does not run, much of what it would import is not there."""

WINDOWS = (
    "bep does not run on Windows itself: install WSL 2 (wsl --install in a terminal), and use bep on the Linux in it"
)


def refusal(platform: str) -> str:
    """Why bep does not run on a system, by its name in `sys.platform`; empty where it does, or may."""
    return WINDOWS if platform in ("win32", "cygwin", "msys") else ""
