"""Expressions that are compiled at use: they are right, all of them, and do what compiled ones do."""

import pkgutil
import re
import subprocess
import sys
from importlib import import_module

import pytest

import bep
from bep.lazy_patterns import _LazyPattern, lazy_pattern


def test_every_expression_of_bep_compiles() -> None:
    found = 0
    for module in pkgutil.walk_packages(bep.__path__, "bep."):
        if module.name.startswith(("bep.__main__", "bep.runner.worker.")):
            continue
        for value in vars(import_module(module.name)).values():
            if isinstance(value, _LazyPattern):
                assert re.compile(*value._arguments).pattern == value._arguments[0]
                found += 1
    assert found > 50


def test_it_does_what_a_compiled_one_does() -> None:
    lazy, compiled = lazy_pattern(r"(a)(B)?", re.IGNORECASE), re.compile(r"(a)(B)?", re.IGNORECASE)
    for _ in "twice":
        assert lazy.sub("x", "ab A") == compiled.sub("x", "ab A")
        assert [found.group() for found in lazy.finditer("ab A")] == ["ab", "A"]
        assert lazy.pattern == compiled.pattern
    assert lazy_pattern(b"[0-9]+").findall(b"1 22") == [b"1", b"22"]


def test_a_wrong_expression_is_told_at_use() -> None:
    wrong = lazy_pattern("(")
    with pytest.raises(re.error):
        wrong.match("")


def test_a_package_that_is_imported_meanwhile_works_as_ever() -> None:
    code = (
        "import bep.schemas.yaml.package, re, yaml, copy\n"
        "assert type(re.compile('a')) is re.Pattern\n"
        "assert yaml.safe_load('{a: 1.5, b: 2020-01-01, c: yes, d: null}')['a'] == 1.5\n"
        "assert type(copy.deepcopy(yaml.SafeLoader.yaml_implicit_resolvers)) is dict\n"
        "try:\n"
        "    yaml.safe_load('a: \\x00')\n"
        "except yaml.reader.ReaderError:\n"
        "    print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("refused\n", "")
