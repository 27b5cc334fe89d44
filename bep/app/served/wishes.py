"""What somebody asks for over the network, as a resource: read as a spec is, with nothing of this machine in it.

It is judged by the same schemas and rules as a spec, so that whatever is taken could have been declared. But nobody
names a path of the server's, and nothing is put in the place of an expression: both would give away what is here.
"""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from bep.app.errors import Invalid
from bep.app.workspace.opening import Opened
from bep.lazy_dataclasses import replace
from bep.lazy_patterns import lazy_pattern
from bep.schemas.address import Address, address_of, kind_of, names_of
from bep.schemas.secrets.secret import Secret

if TYPE_CHECKING:
    from bep.app.workspace.contexts import Writing
    from bep.planner.observed import Observed
    from bep.providers.bodies import Wish
    from bep.schemas.resource import Resource

_CODE: Final = "azureml:bep-{}:1"
_HERE: Final = "azureml:"
_FILE: Final = lazy_pattern(r"^\s*[-./~]|file:|\\\\")
"""A requirement that names a file, or an option of pip's, of which some do."""
_NAME: Final = lazy_pattern(r"[A-Za-z0-9][A-Za-z0-9_-]*")
UNDONE: Final = ("component", "schedule")
"""The kinds whose wishes are not taken: what is inside of one may name files in many ways, or be said in more words
than a spec has."""


def resources_of(opened: "Writing", wish: "Wish") -> dict[Address, "Resource | None"]:
    """The resource that is wished; of an endpoint also its traffic, None where it is to have none.

    Raises `Invalid` for what names a file of this machine, and `SpecInvalid` with every finding.
    """
    from bep.schemas.findings.finding import SpecInvalid, errors
    from bep.schemas.specs.writing import document

    _must_be_told(opened, wish)
    contents = _contents(opened, wish)
    written = document(wish.address, wish.attributes, lambda field: _CODE.format(contents[field][0]))
    if wish.says_default and wish.default:
        written["defaults"] = {"deployment_name": wish.default}
    text = json.dumps(written, ensure_ascii=True).encode()
    asking = Opened(opened.root, replace(opened.source, paths=("-",), standard_input=text, as_part=True))
    loaded = asking.loaded
    if errors(loaded.findings):
        raise SpecInvalid([replace(one, mark=None) for one in errors(loaded.findings)], {})
    found: dict[Address, Resource | None] = {one.address: one for one in loaded.resources}
    resource = found[wish.address]
    assert resource is not None
    if secrets := list(_secrets(resource.attributes, ())):
        raise Invalid(
            f"{', '.join(secrets)}: it would be a secret, and none is taken here, since nobody could give it back to a"
            " job: declare it in a spec, which says where its value comes from"
        )
    found[wish.address] = _with_what_is_here(opened, resource, wish, contents)
    if wish.says_default and not wish.default:
        found[address_of("traffic", *names_of(wish.address))] = None
    return found


def _secrets(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    """The fields of a resource that are secrets, by what they are or by their names."""
    if isinstance(value, Secret):
        yield ".".join(path)
    elif isinstance(value, Mapping):
        for name, below in value.items():
            yield from _secrets(below, (*path, str(name)))


def _must_be_told(opened: "Writing", wish: "Wish") -> None:
    """Refuse what is no value but would be looked up here, unless it stands so already."""
    there = opened.provider.read([wish.address]).get(wish.address)
    known = there.attributes if there is not None else {}
    wrong = list(_wrong(wish.attributes, known, (), kind_of(wish.address)))
    if wrong:
        raise Invalid("; ".join(wrong))


def _wrong(value: Any, known: Any, path: tuple[str, ...], kind: str) -> Iterator[str]:
    if value == known or (isinstance(value, Mapping) and value.keys() == {"local", "sha256"}):
        return
    if isinstance(value, Mapping):
        for name, below in value.items():
            now = known.get(name) if isinstance(known, Mapping) else None
            yield from _wrong(below, now, (*path, str(name)), kind)
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _wrong(below, None, (*path, str(number)), kind)
    elif isinstance(value, str) and (trouble := _looked_up(value, path, kind)):
        yield f"{'.'.join(path)}: {trouble}"


def _looked_up(text: str, path: tuple[str, ...], kind: str) -> str:
    """Why a text is not taken as a value, where it is none; a spec may have a path in its place."""
    from bep.schemas.kinds.kind import load_kind

    if "${{" in text:
        return "nothing is put in the place of an expression in what is sent: send the value"
    if path in load_kind(kind).content and not (text.startswith(_HERE) and _stays_below(text)):
        return f"{text!r} is no place below a datastore: azureml://datastores/NAME/paths/PATH"
    target = load_kind(kind).references.get(path, "")
    if target and not _is_reference(text, target):
        return f"{text!r} is no id of something in this workspace"
    if path == ("code_configuration", "scoring_script") and not _stays_below(text):
        return f"{text!r} is no file of the code"
    if path[:1] == ("conda_file",) and (path == ("conda_file",) or _FILE.search(text)):
        return f"{text!r} may name a file of this machine: only a conda file as text, with packages, is taken"
    return ""


def _stays_below(text: str) -> bool:
    return ".." not in text.replace("\\", "/").split("/") and not text.startswith("/")


def _is_reference(text: str, target: str) -> bool:
    """An address, an id of the service's, or a name alone of what a spec declares in no file of its own."""
    from bep.schemas.address import is_address, kind_of
    from bep.schemas.kinds.kind import is_kind

    if is_address(text):
        return is_kind(kind_of(Address(text))) and _stays_below(text)
    if target in ("compute", "endpoint") and _NAME.fullmatch(text):
        return True
    return text.startswith(_HERE) and _stays_below(text.removeprefix(_HERE)[1:])


def _contents(opened: "Writing", wish: "Wish") -> dict[str, tuple[str, "Observed"]]:
    """By content field, the digest that the wish names and an object of this kind that has those bytes."""
    from bep.schemas.kinds.kind import load_kind

    kind, found = kind_of(wish.address), {}
    for path in load_kind(kind).content:
        field = ".".join(map(str, path))
        asked = _at(wish.attributes, path)
        if not isinstance(asked, Mapping) or "sha256" not in asked:
            continue
        having = [
            seen
            for seen in opened.provider.list(kind).values()
            if field in seen.contents and seen.contents[field].sha256 == asked["sha256"]
        ]
        if not having:
            raise Invalid(f"{field}: nothing here has these bytes; declare it in a spec, which brings them along")
        found[field] = (str(asked["sha256"]), having[0])
    return found


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _with_what_is_here(
    opened: "Writing", resource: "Resource", wish: "Wish", contents: Mapping[str, tuple[str, "Observed"]]
) -> "Resource":
    """The resource with the bytes that are stored already, and the secrets that whoever asks was not told."""
    from bep.planner.fields import with_value
    from bep.schemas.resource import Content

    attributes, held = dict(resource.attributes), dict(resource.contents)
    for field, (digest, seen) in contents.items():
        path = tuple(field.split("."))
        record = seen.contents[field]
        attributes = with_value(attributes, path, _at(seen.attributes, path))
        held[field] = Content(local="", sha256=digest, files=record.files, source="")
    there = opened.provider.read([wish.address]).get(wish.address)
    for path in wish.masked:
        known = _at(there.attributes, path) if there is not None else None
        if known is None:
            raise Invalid(f"{'.'.join(path)}: its value is not known here: send it")
        attributes = with_value(attributes, path, known)
    return replace(resource, attributes=attributes, contents=held)
