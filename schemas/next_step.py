"""Step: a use case that would help, and with what. A value; how it is asked for, each face says. Knows no face."""

from collections.abc import Iterable

from bep.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """`use_case` is its name in words, such as "job resume"; empty: the one that was asked for, once more.

    `options` are names with their values; an empty value is one that is just asked for. A message that speaks of a
    step has `str(step)` in its text, so that a face can put its own words there.
    """

    use_case: str
    arguments: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        words = " ".join((self.use_case, *self.arguments)).strip()
        given = ", ".join(f"{name.replace('_', ' ')} {value}".rstrip() for name, value in self.options)
        if not words:
            return f"`{given}`"
        return f"`{words}` ({given})" if given else f"`{words}`"

    def as_json(self) -> dict[str, object]:
        """As faces for machines show it."""
        return {"use_case": self.use_case, "arguments": list(self.arguments), "options": dict(self.options)}


def step(use_case: str, *arguments: object, **options: object) -> Step:
    """A step; an option that is True is just asked for, one that is None is left out."""
    given = {name: "" if value is True else str(value) for name, value in options.items() if value is not None}
    return Step(use_case, tuple(map(str, arguments)), tuple(given.items()))


def again(**options: object) -> Step:
    """What was asked for, once more, with these options."""
    return step("", **options)


class Advised(Exception):
    """A refusal with what would help: `next`, as a face may show it beside the message. Base of what rooms raise."""

    next: tuple[Step, ...] = ()

    def advise(self, steps: Iterable[Step]) -> None:
        """Say what would help."""
        self.next = tuple(steps)
