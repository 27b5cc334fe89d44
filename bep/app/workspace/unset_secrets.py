"""An environment in which no secret is missing, for use cases that write down none of them. Knows no spec."""

from collections.abc import Iterator, Mapping
from typing import Final

_OURS: Final = "BEP_"


class EverySecret(Mapping[str, str]):
    """The environment; a variable that is not set stands for itself, but for those that bep is told things by."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def __getitem__(self, name: str) -> str:
        if name in self._environment or name.startswith(_OURS):
            return self._environment[name]
        return name

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)
