"""What an MLflow model's own files say of its environment: looked through for secrets, for a model is kept as it is."""

from typing import Final

from bep.lazy_patterns import lazy_pattern
from bep.schemas.drafts.contents import Contents, said
from bep.schemas.drafts.draft import Draft
from bep.schemas.drafts.literal_secrets import CODE, excused_of
from bep.schemas.mark import Mark
from bep.schemas.secrets.recognising import is_excused, is_secret, shape_of

_READ: Final = lazy_pattern(r"MLmodel|[^/]+\.ya?ml|requirements[^/]*\.txt")
_NAMED: Final = lazy_pattern(r"\s*(?:-\s+)?[\"']?(?P<name>[\w.-]+)[\"']?\s*:\s+(?P<value>\S.*?)\s*")
_LONGEST: Final = 1 << 20
"""Bytes of a file that is looked through; what describes a model has a few thousand."""
_FIX: Final = (
    "Take it out, and have it replaced where it was issued: a file of the model may have ${{ env.NAME }} as the user or"
    " the password of an index. If it is none: x-bep: {not_secret: [path.%s]}."
)


def check_mlflow_files(draft: Draft, contents: Contents) -> None:
    """Say which lines of a model's MLmodel, conda, Python and requirements files have a secret in them."""
    content = draft.contents.get("path")
    if content is None or "MLmodel" not in content.files or not contents.files.is_folder(content.local):
        return
    excused = excused_of(draft)
    for name in content.files:
        if _READ.fullmatch(name) and not is_excused(("path", name), excused):
            file = f"{content.local.rstrip('/')}/{name}"
            try:
                _check_lines(draft, name, file, contents.files.read(file))
            except OSError as error:
                message = f"path: {file} cannot be read: {said(error)}"
                draft.error("path-unreadable", ("path",), message, "Check the path.")


def _check_lines(draft: Draft, name: str, file: str, data: bytes) -> None:
    for number, line in enumerate(data[:_LONGEST].decode(errors="replace").splitlines(), 1):
        mark = Mark(file, number, 1)
        named = _NAMED.fullmatch(line)
        if what := shape_of(line):
            message = f"path: {name} has {what} in it, and is kept as it is"
            draft.error(CODE, ("path",), message, _FIX % name, mark)
        elif named and is_secret((named["name"],), named["value"].strip("\"'")):
            message = f"path: {named['name']} in {name} looks like a secret, and is kept as it is"
            draft.warn(CODE, ("path",), message, _FIX % name, mark)
