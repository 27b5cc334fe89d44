"""Mark: a place in a file a user wrote. Lines and columns count from 1, as editors do."""

from bep.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """File (as the user would type it, relative to the workspace), line and column."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"
