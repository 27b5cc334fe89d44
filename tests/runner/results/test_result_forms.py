"""Every form that `run()` may return, in every format: no digit, no nanosecond and no leading zero is lost."""

from pathlib import Path

import pytest

from bep.runner.worker.results.parquet import convert
from bep.runner.worker.results.rows import Formatter
from bep.runner.worker.troubles import WrongResult
from tests.runner.results.result_forms import FORMS, PAGE, REFUSED, Form, page, value_of


def written(form: Form, output_format: str) -> str:
    header: list[bytes] = []
    try:
        _, _, rows = Formatter(output_format, header.append).rows(value_of(form))
    except WrongResult:
        return REFUSED
    return (b"".join(header) + rows).decode("utf-8", "surrogateescape").removesuffix("\n").replace("\n", "|")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.what)
def test_text_formats(form: Form) -> None:
    formats = ("azureml", "csv", "jsonl")
    assert {name: written(form, name) for name in formats} == {name: getattr(form, name) for name in formats}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.what)
def test_parquet(form: Form, tmp_path: Path) -> None:
    from pyarrow import parquet

    try:
        _, _, rows = Formatter("parquet").rows(value_of(form))
    except WrongResult:
        assert form.parquet == REFUSED
        return
    (tmp_path / "rows").write_bytes(rows + rows)
    assert convert(str(tmp_path / "rows"), str(tmp_path / "file")) == []
    found = parquet.read_table(tmp_path / "file").to_pylist()
    assert repr(found[: len(found) // 2]) == form.parquet
    assert repr(found[len(found) // 2 :]) == form.parquet


def test_the_page_of_the_documentation_is_this_table() -> None:
    assert PAGE.read_text() == page(), "python -m tests.runner.results.result_forms writes it"
