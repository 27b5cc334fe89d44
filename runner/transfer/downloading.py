"""Brings inputs at addresses here, once, into a folder that is passed in. A file there is whole or not there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from bep.runner.errors import InputsInvalid
from bep.runner.transfer import blobs, job_copies, stores, web
from bep.runner.transfer.addresses import hidden, identity, is_web
from bep.runner.transfer.copies import Copies, Fetched
from bep.runner.transfer.server_headers import digest
from bep.runner.transfer.stores import Found, Store
from bep.runner.transfer.transfers import Board, Transfer

_DOING = "cannot be fetched"


def fetch(
    addresses: Iterable[str], downloads: Path, board: Board, most: int | None = None, kind: str = ""
) -> Mapping[str, Path]:
    """The local file or folder of each address, in `downloads`; several files are on their way at a time.

    What the store says is unchanged since it was fetched is not fetched again, once its bytes have been compared.
    `http` and `https` need nothing, a folder of Azure's blob service neither; every other scheme goes to fsspec, if it
    is installed. `most` bounds how many files of each are fetched; `kind` is `uri_file` or `uri_folder` where nothing
    else will do. Raises `InputsInvalid`, and `Cancelled` when the board says so.
    """
    every = list(dict.fromkeys(addresses))
    found = _all(every, downloads, board, most, kind)
    for address in every:
        found[address] = _sound(found[address], address, downloads, board, most, kind, job_copies.verified)
    return {address: fetched.place for address, fetched in found.items()}


def give(
    addresses: Iterable[str], downloads: Path, place: Path, board: Board, most: int | None = None, kind: str = ""
) -> Mapping[str, Path]:
    """As `fetch`, but copies that nobody else has: each address's in a folder of its own, below `place`.

    A copy has the bytes that were fetched: they are compared while it is made. Raises as `fetch` does.
    """
    every = list(dict.fromkeys(addresses))
    fetched, found = _all(every, downloads, board, most, kind), {}
    for number, address in enumerate(every):
        into = place / f"{number:08d}"  # of one length, as origins wants them
        one = _sound(fetched[address], address, downloads, board, most, kind, partial(_copied, into))
        found[address] = into / next(iter(one.files)) if one.alone else into
    return found


def _copied(into: Path, fetched: Fetched, board: Board) -> bool:
    return job_copies.copied(fetched, into, board)


def _sound(
    fetched: Fetched,
    address: str,
    downloads: Path,
    board: Board,
    most: int | None,
    kind: str,
    check: Callable[[Fetched, Board], bool],
) -> Fetched:
    """What was fetched, once `check` has compared its bytes; what somebody has written into comes once more."""
    if check(fetched, board):
        return fetched
    again = _all([address], downloads, board, most, kind)[address]
    if check(again, board):
        return again
    raise InputsInvalid(
        f"{hidden(address)}: another process writes into {downloads} while it is read; end that, and try again"
    )


def _all(every: Sequence[str], downloads: Path, board: Board, most: int | None, kind: str) -> dict[str, Fetched]:
    pages = [address for address in every if kind == "uri_folder" and is_web(address) and not blobs.is_blob(address)]
    if pages:
        shown = ", ".join(map(hidden, pages))
        raise InputsInvalid(f"{shown}: a web address is one file, and its type is uri_folder. {blobs.FOLDERS}")
    alone = [address for address in every if is_web(address) and not blobs.is_folder(address, kind)]
    transfers = {address: Transfer(_from_web(address, downloads, kind)) for address in alone}
    board.carry_out(list(transfers.values()))
    found = {
        address: transfer.result for address, transfer in transfers.items() if isinstance(transfer.result, Fetched)
    }
    for address in every:
        if address not in found:
            missing = transfers[address].result if address in transfers else None
            found[address] = _folder(address, downloads, board, most, kind, missing)
    return found


def count(address: str, kind: str = "") -> int:
    """How many files `fetch` would bring; none is opened. A web address is one, and nobody is asked whether it is
    there, unless it is of Azure's blob service, which is asked whether it is a folder.

    Raises `InputsInvalid` for a store that cannot be listed, or has something else than `kind`.
    """
    if is_web(address):
        return _blobs(address, kind) if blobs.is_blob(address) and kind != "uri_file" else 1
    doing = "cannot be listed"
    store = stores.opened(address, doing, InputsInvalid)
    with stores.told(address, doing, InputsInvalid):
        listed = store.files(InputsInvalid)
    _must_be(kind, address, listed, store.root.rstrip("/"))
    return len(listed)


def _blobs(address: str, kind: str) -> int:
    try:
        found = len(blobs.listed(address, Transfer(lambda _: None)))
        return found if found or blobs.is_folder(address, kind) else 1
    except InputsInvalid:
        if blobs.is_folder(address, kind):
            raise
        return 1  # who may read a file need not be allowed to list the others


def _from_web(address: str, downloads: Path, kind: str) -> Callable[[Transfer], Fetched | InputsInvalid]:
    """What fetches one file. Where there is none, and a folder would do, that is the result."""

    def work(transfer: Transfer) -> Fetched | InputsInvalid:
        try:
            return web.fetch(address, downloads, transfer)
        except web.NotThere as error:
            if kind or not blobs.is_blob(address):
                raise
            return error

    return work


def _folder(address: str, downloads: Path, board: Board, most: int | None, kind: str, missing: object) -> Fetched:
    """A folder, or what else a store has at an address. `missing` is why it is no file, where that was tried first."""
    copies = Copies(downloads, identity(address) + ("/" if is_web(address) else ""))
    waiting = Transfer(lambda _: None, is_stopped=board.cancel.is_set)
    with copies.held(waiting.pause):
        try:
            fetched = _listed_and_fetched(address, copies, board, most, kind)
        except InputsInvalid as error:
            first = f"{missing}\n    it is not a folder either: " if missing else ""
            raise InputsInvalid(f"{first}{error}{copies.still_here()}") from None
        if most is None:
            copies.remember(fetched.place)
    return fetched


def _listed_and_fetched(address: str, copies: Copies, board: Board, most: int | None, kind: str) -> Fetched:
    def listing(transfer: Transfer) -> tuple[str, Mapping[str, Found]]:
        if is_web(address):
            return "", blobs.listed(address, transfer, most)
        store = stores.opened(address, _DOING, InputsInvalid)
        with stores.told(address, _DOING, InputsInvalid):
            every = store.files(InputsInvalid)
        _must_be(kind, address, every, store.root.rstrip("/"))
        return store.root.rstrip("/"), dict(list(every.items())[:most])

    root, listed = board.wait_for(f"listing {hidden(address)}", listing)
    if not listed:
        raise InputsInvalid(f"{hidden(address)}: no files there")
    files = _fetched(listed, address, copies, board)
    try:
        tree = copies.tree(files)
    except OSError as error:
        raise InputsInvalid(f"{hidden(address)}: its names cannot all be files here: {error}") from error
    return Fetched(tree, files, _is_alone(listed, root))


def _is_alone(listed: Mapping[str, Found], root: str) -> bool:
    """Whether what is listed is one file, which the address names itself."""
    return [found.path.rstrip("/") for found in listed.values()] == [root]


def _must_be(kind: str, address: str, listed: Mapping[str, Found], root: str) -> None:
    """Raise `InputsInvalid` for a folder that should be a file, or a file that should be a folder."""
    is_file = _is_alone(listed, root)
    if kind and not stores.is_pattern(root) and is_file != (kind == "uri_file"):
        raise InputsInvalid(f"{hidden(address)}: it is {'a file' if is_file else 'a folder'}, and its type is {kind}")


def _fetched(listed: Mapping[str, Found], address: str, copies: Copies, board: Board) -> dict[str, Path]:
    """The file of each name: one that is here in this version already, or a new one."""
    here = {name: copies.file(found.version, found.size) if found.version else None for name, found in listed.items()}
    transfers = {name: _one(found, address, copies) for name, found in listed.items() if here[name] is None}
    board.carry_out(list(transfers.values()))
    return {name: file or transfers[name].result for name, file in here.items()}  # type: ignore[misc]


def _one(found: Found, address: str, copies: Copies) -> Transfer:
    def work(transfer: Transfer) -> Path:
        if is_web(address):
            return web.fetch_listed(found, copies, transfer)

        def once(store: Store) -> Path:
            assert transfer.temporary is not None  # given below
            store.system.get_file(found.path, str(transfer.temporary), callback=stores.counting(transfer, counts=False))
            return _kept(found, copies, transfer, transfer.temporary)

        try:
            path: Path = stores.patiently(address, f"{found.path} {_DOING}", InputsInvalid, transfer, once)
            return path
        finally:
            if transfer.temporary:
                transfer.temporary.unlink(missing_ok=True)

    return Transfer(work, copies.temporary(), found.size)


def _kept(found: Found, copies: Copies, transfer: Transfer, arrived: Path) -> Path:
    size = transfer.rising = arrived.stat().st_size
    if found.size is not None and size != found.size:
        raise OSError(f"{size} of the {found.size} bytes that were listed have arrived")
    transfer.check()
    version = found.version or f"sha256 {digest(arrived, 'sha256')}"
    return copies.keep(arrived, version)
