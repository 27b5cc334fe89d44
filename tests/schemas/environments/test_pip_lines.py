"""Every way in which a line for pip can name a place on this machine is seen, whichever spelling pip takes."""

import pytest

from bep.schemas.environments.pip_lines import is_elsewhere, local_requirement, logical, parse, uncarried


@pytest.mark.parametrize(
    "line",
    [
        *("-r more.txt", "-rmore.txt", "--requirement more.txt", "--requirement=more.txt", "--requirem more.txt"),
        *("-c limits.txt", "-climits.txt", "--constraint=limits.txt", "--cons limits.txt"),
        *(
            "-e .",
            "-e.",
            "-e ./pkg[extra]",
            "--editable=pkg",
            "--edit pkg",
            "-e file:///opt/pkg",
            "-e git+file:///opt/a",
        ),
        *("-f wheels", "-fwheels", "--find-links=./wheels", "--find ./wheels", "-f file:///opt/wheels", "-f ~/wheels"),
        *("-i ./simple", "--index-url file:///opt/simple", "--index-url=simple", "--pypi-url /opt/simple"),
        *("--extra-index-url file:///x", "--extra ./x", "--pre -f wheels", "--no-index --find-links wheels"),
        *(".", "./pkg", "pkg/", "../pkg[a,b]", "/opt/pkg", "x-1.0-py3-none-any.whl", "./x-1.0.tar.gz ; os_name=='nt'"),
        *("x.zip", "X.TAR.GZ", "file:x.whl", "file:///opt/x.whl#egg=x", "x @ file:///opt/x.whl", "x[a]@file:./x.whl"),
        *("git+file:///opt/a.git@v1", "x @ git+file:///opt/a", "~/x.whl", "./x.whl --hash=sha256:0"),
    ],
)
def test_what_is_on_this_machine_is_seen(line: str) -> None:
    assert parse(line).trouble == ""
    assert uncarried(line, ())


@pytest.mark.parametrize(
    "line",
    [
        *("numpy", "numpy==1.26.4", "numpy[a,b]>=1,<2 ; python_version < '3.12'", "a-b.c ~= 1.0", "x (>=1.0)"),
        *("--index-url https://example.com/simple", "-i https://a/simple --extra-index-url http://b/simple"),
        *("-f https://example.com/wheels.html", "--pre", "--no-binary :all:", "--only-binary=:all: --prefer-binary"),
        *("-e git+https://example.com/a.git@v1#egg=a", "x @ git+https://example.com/a.git", "git+ssh://git@h/a.git"),
        *("https://example.com/x.whl", "x @ https://example.com/x-1.0.tar.gz", "x==1 --hash=sha256:0 --hash sha256:1"),
        *("--trusted-host h:80", "x --config-settings=--a=b", "-i https://${{ env.USER }}:${{ env.TOKEN }}@h/simple"),
    ],
)
def test_what_is_elsewhere_or_only_a_name_is_not(line: str) -> None:
    assert parse(line).trouble == ""
    assert uncarried(line, ()) == ""


@pytest.mark.parametrize("line", ["--unknown x", "-r", "numpy -r more.txt", "--pre numpy", "-i 'open", "numpy\n-e ."])
def test_what_pip_would_not_take_is_trouble(line: str) -> None:
    assert parse(line).trouble


def test_carried_files_are_named_from_their_folder_and_nothing_else_is() -> None:
    carried = ("x-1.0-py3-none-any.whl", "more/y-1.0.tar.gz")
    for line in ("./x-1.0-py3-none-any.whl[a] ; os_name=='nt'", "./more/y-1.0.tar.gz", "--find-links ./more", "-f ./"):
        assert uncarried(line, carried) == "", line
    for line in ("x-1.0-py3-none-any.whl", "./y-1.0.tar.gz", "--find-links ./other", "--find-links more", "./../x.whl"):
        assert uncarried(line, carried), line


def test_lines_are_joined_and_stripped_as_pip_does_it() -> None:
    lines = [
        "# a comment",
        "",
        "numpy==1.26  # why",
        "idna==3.7 \\",
        "    --hash=sha256:0 \\",
        "  --hash=sha256:1",
        "a#b",
    ]
    assert [(first, last, " ".join(text.split())) for first, last, text in logical(lines)] == [
        (2, 2, "numpy==1.26"),
        (3, 5, "idna==3.7 --hash=sha256:0 --hash=sha256:1"),
        (6, 6, "a#b"),
    ]


def test_an_address_of_a_file_is_not_elsewhere() -> None:
    assert is_elsewhere("https://example.com")
    assert not is_elsewhere("FILE:///x")
    assert local_requirement("x @ file://localhost/opt/a%20b.whl ; os_name == 'nt'") is not None
