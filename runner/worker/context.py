"""What a script is told of a mini-batch beside its files, if its `run()` has a second parameter. Knows names only.

As the compatible service does for parallel jobs: `run(mini_batch, mini_batch_context)`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from .names import Names


class MiniBatchContext:
    """`minibatch_index` counts mini-batches from 0; `partition_key_value` maps each partition key to its value."""

    def __init__(self, index: int, keys: "dict[str, str]") -> None:
        self.minibatch_index = index
        self.partition_key_value = keys

    def __repr__(self) -> str:
        return (
            f"MiniBatchContext(minibatch_index={self.minibatch_index}, partition_key_value={self.partition_key_value})"
        )


class Contexts:
    """Stands between the worker and `run()`: what is taken last is what the next call is about."""

    def __init__(self, names: "Names", run: "Callable[..., object]") -> None:
        self._names = names
        self._run = run
        self._first = 0

    def take(self, first: int, count: int) -> "list[str]":
        """As `Names.take`."""
        self._first = first
        return self._names.take(first, count)

    def run(self, mini_batch: "list[str]") -> object:
        """Call the script with the files and what they have in common."""
        context = MiniBatchContext(self._names.number_of(self._first), self._names.keys_of(self._first))
        return self._run(mini_batch, context)


def takes_context(run: object) -> bool:
    """Whether a `run` wants a second argument: a parameter without a default, or one named mini_batch_context."""
    import inspect

    try:
        parameters = list(inspect.signature(run).parameters.values())  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    places = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    if len(places) < 2:
        return False
    return places[1].default is inspect.Parameter.empty or places[1].name == "mini_batch_context"
