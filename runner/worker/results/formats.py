"""The formats of an output, in one table: what a file of each is called and made with. Knows no row and no result."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable


class Format:
    """One format.

    `ending` is that of the file's name. `needs` names the module that a job's environment must have. `is_text` is
    whether a person can read the rows. `finish` makes the file, its second argument, of the assembled rows, its first,
    in the job's environment, and returns what the user should know; None where the assembled rows are the file.
    """

    def __init__(
        self,
        ending: str,
        needs: str = "",
        is_text: bool = True,
        finish: "Callable[[str, str], list[str]] | None" = None,
    ) -> None:
        self.ending = ending
        self.needs = needs
        self.is_text = is_text
        self.finish = finish


def _parquet(rows: str, target: str) -> "list[str]":
    from .parquet import convert

    return convert(rows, target)


FORMATS = {
    "azureml": Format("csv"),
    "csv": Format("csv"),
    "jsonl": Format("jsonl"),
    "parquet": Format("parquet", needs="pyarrow", is_text=False, finish=_parquet),
}
READABLE = "jsonl"
"""The format in which rows are shown whose own is not for reading."""
