"""Did you mean: the nearest of some names. Knows only text."""

from collections.abc import Iterable

LONGEST = 200
"""Characters beyond which a name is like no other; comparing takes the square of its length."""


def nearest(name: str, among: Iterable[str], *, most: int = 3) -> list[str]:
    """The names most like this one, nearest first; case and separators count little, and a part of a name is near."""
    import difflib

    if len(name) > LONGEST:
        return []
    folded = {_folded(n): n for n in sorted(among, reverse=True)}
    wanted = _folded(name)
    found = difflib.get_close_matches(wanted, folded, n=most, cutoff=0.6)
    found += [f for f in sorted(folded) if len(wanted) > 2 and wanted in f and f not in found]
    return [folded[f] for f in found[:most]]


def _folded(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def listed(names: Iterable[str], *, most: int = 8) -> str:
    """Names in a sentence: `a, b, c` and, when there are more than `most`, how many more."""
    every = list(names)
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest} more" if rest > 0 else "")


def did_you_mean(name: str, among: Iterable[str], *, before: str = "") -> str:
    """`Did you mean 'x' or 'y'?`, each with `before` in front, or nothing when no name is near."""
    return meant_by([before + f for f in nearest(name, among, most=2)])


def meant_by(names: Iterable[str]) -> str:
    """The question whether one of these was meant, or nothing when there are none."""
    found = [repr(name) for name in names]
    return f"Did you mean {' or '.join(found)}?" if found else ""


def with_article(word: str) -> str:
    """`a model`, `an environment`."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def either(words: Iterable[str]) -> str:
    """Words in a sentence: `a, b or c`."""
    return " or ".join(", ".join(words).rsplit(", ", 1))
