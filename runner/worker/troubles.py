"""What went wrong in the user's script, as plain values. The worker's own frames are left out."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types

_HERE = os.path.dirname(os.path.abspath(__file__))
_LONGEST = 65536
_name = type.__dict__["__name__"].__get__  # a metaclass may have a `__name__` of its own, which is code of the script


class WrongResult(Exception):
    """`run()` returned what is neither a list, a tuple nor a pandas DataFrame."""


class ColumnsDiffer(WrongResult):
    """Rows of one csv file have different columns."""


class ScriptInvalid(Exception):
    """The scoring script lacks something that every scoring script has."""


def shortage(results: int, items: int) -> "dict[str, str]":
    """What `describe` says of an exception, said of a `run()` that gave fewer results than it was given files."""
    message = f"run() returned {results} results for {items} files; which of them are missing cannot be told"
    return {"type": "ResultsMissing", "message": message, "traceback": ""}


def describe(error: BaseException) -> "dict[str, str]":
    """Type, message and traceback of an exception, whatever it is and however it prints."""
    import traceback

    frames = scripts_frames(error)
    try:
        message = str.__str__(str(error))  # plain: a script's own kind of str may raise at every use
    except BaseException:
        message = "<its message cannot be printed>"
    try:
        text = "".join(traceback.format_exception(type(error), error, frames))
    except BaseException:
        text = "".join(traceback.format_tb(frames))
    if isinstance(error, (WrongResult, ScriptInvalid)):
        text = ""
    return {"type": _name(type(error)), "message": _short(message), "traceback": _short(text)}


def scripts_frames(error: BaseException) -> "types.TracebackType | None":
    """An exception's traceback from the script on; None when the script has no part in it."""
    frames = error.__traceback__
    while frames is not None and os.path.dirname(os.path.abspath(frames.tb_frame.f_code.co_filename)) == _HERE:
        frames = frames.tb_next
    return frames


def _short(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return text[: _LONGEST // 2] + "\n[...]\n" + text[-_LONGEST // 2 :]
