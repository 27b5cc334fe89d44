"""`bep explain`: what does this finding mean?"""

from typing import TYPE_CHECKING, Annotated

from bep.command_line.declaring import Argument, Commands, Option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bep.schemas.explanations.explained import Explanation

app = Commands()


@app.command()
def explain(
    code: Annotated[
        str, Argument(help="The code of a finding, as -o json and GitHub show it; all if it is left out.")
    ] = "",
    json_output: Annotated[bool, Option("--json", help="As JSON.")] = False,
) -> None:
    """Say what a finding means, with a wrong and a right example.

    Codes are in `bep validate -o json`, in annotations on a pull request and in SARIF; `bep explain`
    alone lists all of them.

    \b
    Examples:
      bep explain
      bep explain unresolved-reference
      bep explain literal-secret --json
    """
    import shutil

    from bep.app.specs import explaining
    from bep.console import Console

    console, width = Console(), shutil.get_terminal_size((100, 24)).columns
    if code:
        found = explaining.explain(code)
        console.result_json(explaining.as_json(found)) if json_output else console.result(_page(found, width))
        return
    every = explaining.every_explanation()
    if json_output:
        console.result_json([explaining.as_json(one) for one in every.values()])
        return
    console.result("\n".join(f"{name}\n    {one.first_sentence}" for name, one in sorted(every.items())))


def _page(found: "Explanation", width: int) -> str:
    """The paragraph and the examples, for a terminal."""
    from textwrap import fill

    return "\n\n".join([found.code, fill(found.why, min(width, 100)), *_examples(found)])


def _examples(found: "Explanation") -> "Iterator[str]":
    from textwrap import indent

    from bep.schemas.explanations.explained import shown

    for word, example in (("Wrong", found.wrong), ("Right", found.right)):
        for heading, lines in shown(example):
            yield f"{word}, {heading}:\n\n{indent(lines.rstrip(), '    ')}" if lines else f"{word}, {heading}."
