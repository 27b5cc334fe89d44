"""Brings inputs at addresses here, once, into a folder that is passed in. A file there is whole or not there."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bep.runner import stores, web
from bep.runner.addresses import hidden, identity, is_web
from bep.runner.copies import Copies
from bep.runner.errors import InputsInvalid
from bep.runner.stated import digest
from bep.runner.stores import Found, Store
from bep.runner.transfers import Board, Transfer

_DOING = "cannot be fetched"


def fetch(addresses: Iterable[str], downloads: Path, board: Board, most: int | None = None) -> Mapping[str, Path]:
    """The local file or folder of each address; several files are on their way at a time.

    What the store says is unchanged since it was fetched is not fetched again. `http` and `https` need nothing; every
    other scheme goes to fsspec, if it is installed. `most` bounds how many files of each are fetched. Raises
    `InputsInvalid`, and `Cancelled` when the board says so.
    """
    found: dict[str, Path] = {}
    every = list(dict.fromkeys(addresses))
    transfers = {address: _from_web(address, downloads) for address in every if is_web(address)}
    board.carry_out(list(transfers.values()))
    for address, transfer in transfers.items():
        assert isinstance(transfer.result, Path)  # what `web.fetch` returns
        found[address] = transfer.result
    for address in every:
        if address not in found:
            found[address] = _from_store(address, downloads, board, most)
    return found


def count(address: str) -> int:
    """How many files `fetch` would bring; none is opened. A web address is one; nobody is asked whether it is there.

    Raises `InputsInvalid` for a store that cannot be listed.
    """
    if is_web(address):
        return 1
    doing = "cannot be listed"
    store = stores.opened(address, doing, InputsInvalid)
    with stores.told(address, doing, InputsInvalid):
        return len(store.files(InputsInvalid))


def _from_web(address: str, downloads: Path) -> Transfer:
    return Transfer(lambda transfer: web.fetch(address, downloads, transfer))


def _from_store(address: str, downloads: Path, board: Board, most: int | None) -> Path:
    copies = Copies(downloads, identity(address))
    waiting = Transfer(lambda _: None, is_stopped=board.cancel.is_set)
    with copies.held(waiting.pause):
        try:
            place = _listed_and_fetched(address, copies, board, most)
        except InputsInvalid as error:
            raise InputsInvalid(f"{error}{copies.still_here()}") from None
        if most is None:
            copies.remember(place)
    return place


def _listed_and_fetched(address: str, copies: Copies, board: Board, most: int | None) -> Path:
    def listing(_: Transfer) -> tuple[str, Mapping[str, Found]]:
        store = stores.opened(address, _DOING, InputsInvalid)
        with stores.told(address, _DOING, InputsInvalid):
            return store.root.rstrip("/"), dict(list(store.files(InputsInvalid).items())[:most])

    root, listed = board.wait_for(f"listing {hidden(address)}", listing)
    files = _fetched(listed, address, copies, board)
    try:
        tree = copies.tree(files)
    except OSError as error:
        raise InputsInvalid(f"{hidden(address)}: its names cannot all be files here: {error}") from error
    alone = [found.path.rstrip("/") for found in listed.values()] == [root]
    return tree / next(iter(files)) if alone else tree


def _fetched(listed: Mapping[str, Found], address: str, copies: Copies, board: Board) -> dict[str, Path]:
    """The file of each name: one that is here in this version already, or a new one."""
    here = {name: copies.file(found.version, found.size) if found.version else None for name, found in listed.items()}
    transfers = {name: _one(found, address, copies) for name, found in listed.items() if here[name] is None}
    board.carry_out(list(transfers.values()))
    return {name: file or transfers[name].result for name, file in here.items()}  # type: ignore[misc]


def _one(found: Found, address: str, copies: Copies) -> Transfer:
    def work(transfer: Transfer) -> Path:
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
