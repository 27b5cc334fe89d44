"""Did you mean: the nearest of some names. Knows only text."""

from collections.abc import Iterable


def nearest(name: str, among: Iterable[str], *, most: int = 3) -> list[str]:
    """The names most like this one, nearest first; case and separators count little."""
    import difflib

    plain = {_folded(n): n for n in sorted(among, reverse=True)}
    found = difflib.get_close_matches(_folded(name), plain, n=most, cutoff=0.6)
    return [plain[f] for f in found]


def _folded(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def listed(names: Iterable[str], *, most: int = 8) -> str:
    """Names in a sentence: `a, b, c` and, when there are more than `most`, how many more."""
    every = list(names)
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest} more" if rest > 0 else "")


def did_you_mean(name: str, among: Iterable[str]) -> str:
    """`Did you mean 'x' or 'y'?`, or nothing when no name is near."""
    found = nearest(name, among, most=2)
    return f"Did you mean {' or '.join(repr(f) for f in found)}?" if found else ""
