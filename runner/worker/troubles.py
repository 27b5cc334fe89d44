"""What went wrong in the user's script, as plain values. The worker's own frames are left out."""

import os

from . import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types

_HERE = os.path.dirname(os.path.abspath(__file__))
_LONGEST = 65536
_CODE = ["", ""]  # the folder of the script's code, and what its user calls it
_HIDDEN = []  # type: list[str]  # forms of values that must not be seen
_name = type.__dict__["__name__"].__get__  # a metaclass may have a `__name__` of its own, which is code of the script


class WrongResult(Exception):
    """`run()` returned what is neither a list, a tuple nor a pandas DataFrame."""


class RowInvalid(WrongResult):
    """One row cannot be written as it is; others of the same `run()` may."""


class ColumnsDiffer(RowInvalid):
    """Rows of one csv file have different columns."""


class ScriptInvalid(Exception):
    """The scoring script lacks something that every scoring script has."""


def shortage(results: int, items: int) -> "dict[str, str]":
    """What `describe` says of an exception, said of a `run()` that gave fewer results than it was given files."""
    message = f"run() returned {results} results for {items} files; which of them are missing cannot be told"
    return {"type": "ResultsMissing", "message": message, "traceback": ""}


def name_code(folder: str, name: str) -> None:
    """From now on say `name` where a message or a traceback has this folder; nothing to say leaves it as it is."""
    _CODE[:] = [folder, name]


def hide(values: "list[str]") -> None:
    """From now on say nothing that has one of these values in it; to know their forms takes a while."""
    if values:
        from .masking import forms

        _HIDDEN[:] = forms(values)


def without_hidden(text: str) -> str:
    """A text without the values that must not be seen."""
    if _HIDDEN:
        from .masking import masked

        text = masked(text, _HIDDEN)
    return text


def as_written(text: str, folder: str, name: str) -> str:
    """A text about files of a copy of the user's code, with the names that the user knows them by."""
    if not folder or not name:
        return text
    prefix = "" if name == "." else name.rstrip("/") + "/"
    for copy in {folder, os.path.realpath(folder)}:
        text = text.replace(copy.rstrip("/") + "/", prefix)
    return text


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
    message, text = (_short(without_hidden(as_written(said, *_CODE))) for said in (message, text))
    return {"type": _name(type(error)), "message": message, "traceback": text}


def ending(error: BaseException) -> str:
    """What else may be tried with the items of a `run()` that ended with this exception: one of `wire.ENDINGS`."""
    if isinstance(error, WrongResult):
        return wire.UNWRITABLE if isinstance(error, RowInvalid) else wire.INVALID
    places = _own_places(error)
    if isinstance(error, TypeError) and {"serving.py", "context.py"}.issuperset(places) and not scripts_frames(error):
        return wire.INVALID  # run() takes other arguments
    is_of_rows = "rows.py" in places and not isinstance(error, (OSError, MemoryError))
    return wire.UNWRITABLE if is_of_rows else wire.RAISED


def _own_places(error: BaseException) -> "list[str]":
    """The worker's modules that an exception came through before it reached other code, outermost first."""
    found = []
    frames = error.__traceback__
    while frames is not None:
        if not _is_own(frames):
            break
        found.append(os.path.basename(frames.tb_frame.f_code.co_filename))
        frames = frames.tb_next
    return found


def scripts_frames(error: BaseException) -> "types.TracebackType | None":
    """An exception's traceback from the script on; None when the script has no part in it."""
    frames = error.__traceback__
    while frames is not None and _is_own(frames):
        frames = frames.tb_next
    return frames


def _is_own(frame: "types.TracebackType") -> bool:
    return os.path.abspath(frame.tb_frame.f_code.co_filename).startswith(_HERE + os.sep)


def _short(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return text[: _LONGEST // 2] + "\n[...]\n" + text[-_LONGEST // 2 :]
