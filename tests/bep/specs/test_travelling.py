"""Which files of a folder travel, what is said of those that do not, and that no file is waited for."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bep.app.workspace.files import WorkspaceFiles
from bep.disk.listing import listing, plain_bytes
from bep.schemas.content import HOLD_SECRETS, LEFT_BEHIND, RULE, counts, same_files
from bep.schemas.drafts.contents import Contents
from bep.schemas.findings.finding import Finding
from bep.schemas.specs.loading import load
from tests.bep.conftest import FILES, Workspace, surroundings, write
from tests.fixtures.commit_2e74deb import lay_out

DOCUMENTATION = Path(__file__).parents[3] / "docs/files-that-travel.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, FILES)
    return tmp_path


def found(folder: Path) -> list[Finding]:
    return [
        one
        for one in load(WorkspaceFiles(folder), variables={}, environment={}, known=lambda _: ()).findings
        if one.code != "missing-init"
    ]


def said(folder: Path) -> str:
    return "\n".join(f"{one.code}: {one.message} {one.fix}" for one in found(folder))


NAMES = [
    *(".env", ".env.local", "deep/.env", ".netrc", "certificates/x.pem", "id_rsa", "id_rsa.pub", "id_ed25519"),
    *(".aws/credentials", ".ssh/config", "deep/.azure/token", ".git/config", ".git/objects/00/11", "sub/.git"),
    *(".venv/bin/python", "__pycache__/a.pyc", "a.pyc", ".DS_Store", ".bep/state.json", ".hg/x", ".svn/y"),
]


@pytest.mark.parametrize("name", NAMES)
def test_what_tools_leave_and_what_holds_secrets_does_not_travel(folder: Path, name: str) -> None:
    write(folder / "code", {name: "x"})
    content = WorkspaceFiles(folder).content("code")
    assert list(content.files) == ["score.py"]
    assert not counts(name)


@pytest.mark.parametrize("name", ["env", "environment.yml", "my.env.py", "pem", "key.pem.txt", "venv/x", "git/config"])
def test_what_only_looks_alike_travels(folder: Path, name: str) -> None:
    write(folder / "code", {name: "x"})
    assert set(WorkspaceFiles(folder).content("code").files) == {"score.py", name}
    assert found(folder) == []


def test_files_of_secrets_are_named_until_the_user_has_said_what_is_meant(folder: Path) -> None:
    write(folder / "code", {".env": "TOKEN=1", ".ssh/id_rsa": "x", ".git/HEAD": "x"})
    [one] = found(folder)
    assert str(one.severity) == "warning"
    assert "code_configuration.code: code/.env, code/.ssh/ do not travel: files of such names hold" in one.message
    assert "code/.amlignore" in one.fix
    write(folder / "code", {".amlignore": ".env\n.ssh/\n"})
    assert found(folder) == []
    assert set(WorkspaceFiles(folder).content("code").files) == {"score.py"}


def test_the_users_own_word_goes_before_the_rule(folder: Path) -> None:
    write(folder / "code", {".env": "TOKEN=1", ".env.local": "x", ".git/HEAD": "x", "ca.pem": "x"})
    write(folder / "code", {".amlignore": "!.env\n!ca.pem\n.env.local\n"})
    assert found(folder) == []
    assert set(WorkspaceFiles(folder).content("code").files) == {"score.py", ".env", "ca.pem"}


def test_a_list_of_what_travels_brings_no_more_than_it_names(folder: Path) -> None:
    names = ["a.py", ".venv/a.py", ".git/a.py", "deep/b.py", "c.txt", ".aws/a.py"]
    write(folder / "code", {**dict.fromkeys(names, "x"), ".amlignore": "*\n!*.py\n"})
    assert set(WorkspaceFiles(folder).content("code").files) == {"score.py", "a.py", "deep/b.py"}


def test_what_is_written_in_the_ignore_file_changes_no_content_of_which_it_says_nothing(folder: Path) -> None:
    before = WorkspaceFiles(folder).content("code").sha256
    write(folder / "code", {".env": "x", ".amlignore": ".env\n"})
    assert WorkspaceFiles(folder).content("code").sha256 == before


def test_a_folder_of_any_depth_is_listed(folder: Path) -> None:
    deep = "d/" * 500
    for end in range(2, len(deep) + 1, 2):
        os.mkdir(f"{folder}/code/{deep[:end]}")  # noqa: PTH102 - pathlib is too slow for a path of this depth
    Path(f"{folder}/code/{deep}x").touch()
    try:
        assert set(WorkspaceFiles(folder).content("code").files) == {"score.py", f"{deep}x"}
    finally:  # what cleans up afterwards does not go as deep
        os.unlink(f"{folder}/code/{deep}x")  # noqa: PTH108
        for end in range(len(deep), 1, -2):
            os.rmdir(f"{folder}/code/{deep[:end]}")  # noqa: PTH106


def test_what_git_ignores_by_a_rule_of_its_own_is_no_word_about_what_travels(folder: Path) -> None:
    write(folder / "code", {".env": "TOKEN=1", ".gitignore": "*.log\n!.env\n", "a.log": "x"})
    assert set(WorkspaceFiles(folder).content("code").files) == {"score.py", ".gitignore"}


def leave_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(path))


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


SORTS: Mapping[str, tuple[str, Callable[[Path], None]]] = {
    "pipe": ("a FIFO", os.mkfifo),
    "socket": ("a socket", leave_socket),
    "null": ("a link to /dev/null, a device", link("/dev/null")),
    "nowhere": ("a link to nowhere-at-all, which is not there", link("nowhere-at-all")),
    "circle": ("a link to circle", link("circle")),
    "outside": (
        "a link that leaves the files that travel: to ../secret.txt",
        link("../secret.txt"),
    ),
    "alias": ("a link that leaves the files that travel: to .env", link(".env")),
    "folder": ("a link to the folder ../model", link("../model")),
}


@pytest.mark.parametrize("name", SORTS)
def test_what_is_no_plain_file_is_named_and_never_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (folder / "secret.txt").write_text("secret")
    write(folder / "code", {".env": "secret", ".amlignore": ".env\n"})
    words, make = SORTS[name]
    monkeypatch.chdir(folder / "code")  # a socket's path is short
    make(Path(name))
    [one] = found(folder)
    assert str(one.severity) == "error"
    assert f"code/{name} is {words}" in one.message
    assert ".amlignore" in one.fix
    assert "score.py" not in one.message
    write(folder / "code", {".amlignore": f".env\n{name}\n"})
    assert found(folder) == []


def test_all_that_is_wrong_is_said_at_once(folder: Path) -> None:
    os.mkfifo(folder / "code/pipe")
    (folder / "code/nowhere").symlink_to("nothing")
    os.mkfifo(folder / "model/pipe")
    assert [one.code for one in found(folder)] == ["not-a-plain-file"] * 3


def test_a_link_that_stays_in_its_folder_travels_and_one_that_leaves_it_when_that_is_meant(folder: Path) -> None:
    (folder / "weights.bin").write_text("big")
    (folder / "model/inside.txt").symlink_to("letters.txt")
    assert set(WorkspaceFiles(folder).content("model").files) == {"letters.txt", "inside.txt"}
    (folder / "model/weights.bin").symlink_to("../weights.bin")
    assert "`!weights.bin` in .amlignore says that it is meant" in said(folder)
    write(folder / "model", {".amlignore": "!weights.bin\n"})
    assert set(WorkspaceFiles(folder).content("model").files) == {*("letters.txt", "inside.txt", "weights.bin")}


@pytest.mark.parametrize("path", ["/", "/dev", "pipe"])
def test_a_path_that_means_no_files_is_refused_without_reading_it(folder: Path, path: str) -> None:
    os.mkfifo(folder / "pipe")
    specs = FILES["specs.yml"].replace("path: model}", f"path: {path}}}")
    (folder / "specs.yml").write_text(specs)
    assert "not-a-plain-file: path: " in said(folder)


@pytest.mark.parametrize("place", ["specs.yml", "bep.yml", "code/score.py", "conda.yml", "job.yml"])
def test_no_command_waits_for_a_pipe(folder: Path, place: str) -> None:
    (folder / "specs.yml").write_text(
        FILES["specs.yml"].replace("image: python}", "image: python, conda_file: conda.yml}")
    )
    (folder / "conda.yml").write_text("dependencies: [python]\n")
    (folder / place).unlink()
    os.mkfifo(folder / place)
    command = ["run", "job.yml"] if place == "job.yml" else ["validate"]
    done = subprocess.run(
        [sys.executable, "-m", "bep", *command],
        cwd=folder,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "FIFO" in done.stdout + done.stderr
    assert Path(place).name in done.stdout + done.stderr


def test_what_a_shell_hands_over_is_read(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"region: eu\n")
    os.close(writer)
    try:
        assert plain_bytes(Path(f"/dev/fd/{reader}")) == b"region: eu\n"
    finally:
        os.close(reader)


def test_a_folder_that_cannot_be_listed_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "code/closed").mkdir(mode=0)
    if os.geteuid() == 0:  # nothing is closed to root: the system's answer is given in its place
        scandir = os.scandir

        def refuse(path: str) -> object:
            if os.fspath(path).endswith("closed"):
                raise PermissionError(13, "Permission denied", path)
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)
    assert "code/closed cannot be listed: Permission denied" in said(folder)


def test_what_no_longer_counts_makes_no_other_content_of_what_was_registered(tmp_path: Path) -> None:
    kept = Workspace(lay_out(tmp_path / "kept"))
    assert (kept.folder / "code/.env").exists()
    assert list(listing(kept.folder / "code").files) == ["score.py"]
    before = {"score.py": "1", ".env": "2", ".git/HEAD": "3"}
    assert same_files(before, 1, {"score.py": "1"})
    assert not same_files(before, RULE, {"score.py": "1"})
    assert not same_files(before, 1, {"score.py": "4"})


def test_the_lists_are_in_the_documentation() -> None:
    page = DOCUMENTATION.read_text()
    assert [name for name in (*LEFT_BEHIND, *HOLD_SECRETS) if f"`{name}`" not in page] == []


def test_a_content_is_said_to_leave_something_out_once(folder: Path) -> None:
    write(folder / "code", {".env": "x"})
    second = FILES["specs.yml"].split("---\n")[2].replace("name: blue", "name: green")
    (folder / "specs.yml").write_text(f"{FILES['specs.yml']}---\n{second}")
    assert [one.code for one in found(folder)].count("left-out") == 1
    assert Contents(WorkspaceFiles(folder)).files is not None
