"""What agents say as the dispatcher hears it, and its commands as agents are told: items for numbers of calls. Pure."""

from bep.runner.cluster import lines, messages
from bep.runner.cluster.batches import Batches, joined
from bep.runner.cluster.orders import Calls
from bep.runner.segments.names import parsed


def event_of(node: str, said: lines.Message, calls: Calls) -> messages.Event | None:
    """What a line of an agent's is to the dispatcher; None for what only a user is to hear."""
    match said:
        case lines.Ready():
            return messages.Ready(node, said.workers)
        case lines.Hungry():
            return messages.Heard(node, said.key)
        case lines.Returned():
            return messages.Returned(node, said.key, batches_of(said.spans, calls))
        case lines.Settled():
            pieces = tuple(piece for one in said.pieces if (piece := piece_of(one, calls)) is not None)
            return messages.Settled(node, said.key, pieces, batches_of(said.returned, calls))
        case lines.Broken():
            return messages.Broken(node, said.error, said.everywhere)
        case lines.Pong() | lines.Doing():
            return messages.Heard(node)
    return None


def piece_of(told: lines.Piece, calls: Calls) -> messages.Piece | None:
    """The calls that a segment has; None where it has no whole ones side by side, or is none that could be named so."""
    name = parsed(told.segment)
    found = joined(calls.of_items([(told.first, told.end)]))
    if name is None or (name.first, name.end) != (told.first, told.end) or len(found) != 1:
        return None
    return messages.Piece(found[0], told.scored, told.failed, told.segment)


def batches_of(spans: lines.Spans, calls: Calls) -> tuple[Batches, ...]:
    """The calls of which these items are all."""
    return joined(calls.of_items((first, first + count) for first, count, _ in spans))


def line_of(command: messages.Give | messages.Revoke, calls: Calls) -> lines.Message:
    """What an agent is told."""
    if isinstance(command, messages.Revoke):
        return lines.Revoke(key=command.key)
    spans = tuple(span for batches in command.batches for span in calls.within(batches))
    return lines.Grant(key=command.key, spans=lines.as_spans(spans))
