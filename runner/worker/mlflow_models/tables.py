"""Reads .csv and .jsonl for an MLflow model without code, with the types of its signature. Knows no result.

Uses what pandas and mlflow of every Python from 3.6 on have. Where the signature names no type, csv files are read as
pandas reads them, and JSON lines as they are written: text there is text.
"""

import json
import math

from . import cells

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence

INTEGERS = {"integer": "int32", "long": "int64"}
FLOATS = {"float": "float32", "double": "float64"}


def read_csv(pandas: "Any", path: str, schema: "Any") -> "Any":
    """A data frame; an array for a signature of tensors. Raises `ValueError` that names line and column."""
    if schema is not None and schema.is_tensor_spec():
        return _tensor_of_csv(path, schema)
    kinds = _kinds(schema)
    try:
        frame = _frame_of_csv(pandas, path, kinds, {**dict.fromkeys(INTEGERS, "int64"), **FLOATS})
        exact = all(
            _is_exact(frame[name]) for name, kind in kinds.items() if kind in INTEGERS and name in frame.columns
        )
    except (ValueError, OverflowError):
        exact = False
    if not exact:  # read what stands there, and judge each cell
        frame = _frame_of_csv(pandas, path, kinds, {})
    return _typed(pandas, frame, kinds, "row {}".format, range(1, len(frame) + 1))


def _is_exact(column: "Any") -> bool:
    """Whether pandas cannot have rounded: where 8.0 stands among its integers it reads all of them as floats."""
    return not len(column) or (column.min() > -cells.EXACT and column.max() < cells.EXACT)


def _frame_of_csv(pandas: "Any", path: str, kinds: "dict[str, str]", types: "dict[str, str]") -> "Any":
    """The file with columns of these types read as numbers, all others of the signature as text."""
    # Text may be "NA" or "null": what stands for a missing number there stands for none in a column of text.
    missing = {name: sorted(cells.MISSING) if kind in FLOATS else [""] for name, kind in kinds.items()}
    return pandas.read_csv(
        path,
        engine="c",
        dtype={name: types.get(kind, object) for name, kind in kinds.items()} or None,
        float_precision="round_trip",
        keep_default_na=not kinds,
        na_values=missing or None,
    )


def read_json_lines(pandas: "Any", path: str, schema: "Any") -> "Any":
    """The same for a file of one JSON object, or one list, a line."""
    rows, lines = _rows(path)
    if schema is not None and schema.is_tensor_spec():
        return _tensor_of_rows(rows, lines, schema)
    names = schema.input_names() if schema is not None and schema.has_input_names() else None
    frame = pandas.DataFrame(rows, dtype=object, columns=None if rows else names)
    kinds = _kinds(schema)
    for name in frame.columns:
        if name not in kinds:
            frame[name] = _as_written(pandas, [None if value != value else value for value in frame[name]])
    return _typed(pandas, frame, kinds, "line {}".format, lines)


def _rows(path: str) -> "tuple[list[Any], list[int]]":
    rows, lines = [], []
    with open(path, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
            if not isinstance(row, (dict, list)):
                raise ValueError(f"line {number}: {cells.shown(row)} is neither an object nor a list")
            rows.append(row)
            lines.append(number)
    return rows, lines


def _kinds(schema: "Any") -> "dict[str, str]":
    """The type of each column that has a name: `long`, `string`, ...; `nested` for arrays, objects and maps."""
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names():
        return {}
    from mlflow.types import DataType  # type: ignore[import-not-found,import-untyped,unused-ignore]

    types = [spec.type for spec in schema.inputs]
    kinds = [kind.name if isinstance(kind, DataType) else "nested" for kind in types]
    return dict(zip(schema.input_names(), kinds))


def _typed(
    pandas: "Any", frame: "Any", kinds: "dict[str, str]", word: "Callable[[int], str]", numbers: "Sequence[int]"
) -> "Any":
    """The frame with each of its columns as the signature says; one of other names stays as it is."""
    for name, kind in kinds.items():
        if name in frame.columns and str(frame[name].dtype) != {"long": "int64", **FLOATS}.get(kind):
            values = [None if value != value else value for value in frame[name]]
            frame[name] = _column(pandas, values, kind, name, lambda position: word(numbers[position]))
    return frame


def _column(pandas: "Any", values: "list[Any]", kind: str, name: str, place: "Callable[[int], str]") -> "Any":
    """One column; None in `values` is what is missing. Where that must not be, mlflow says so."""
    if kind in FLOATS:
        made = [math.nan if value is None else value for value in cells.converted(values, cells.number, name, place)]
        return pandas.Series(made, dtype=FLOATS[kind])
    if kind in INTEGERS:
        import numpy  # type: ignore[import-not-found,import-untyped,unused-ignore]

        made = cells.converted(values, cells.integer, name, place)
        if None in made:
            return _as_written(pandas, made)
        return cells.bounded(numpy, made, INTEGERS[kind], lambda position: f"{place(position)}, column {name}")
    if kind == "datetime":
        numbers = any(isinstance(value, (int, float)) for value in values)
        return pandas.to_datetime(pandas.Series(values), unit="ms" if numbers else None)
    convert = {"boolean": cells.truth, "string": cells.text_of, "nested": cells.nested}.get(kind)
    made = cells.converted(values, convert, name, place) if convert else values
    return pandas.Series(made, dtype=bool if kind == "boolean" and None not in made else object)


def _as_written(pandas: "Any", values: "list[Any]") -> "Any":
    """A column of JSON values: numbers become numbers of numpy where none loses a digit by it, all else stays."""
    sorts = {type(value) for value in values}
    if sorts <= {int}:
        fits = all(-(1 << 63) <= value < 1 << 63 for value in values)
        return pandas.Series(values, dtype="int64" if fits else object)
    exact = all(not isinstance(value, int) or abs(value) <= cells.EXACT for value in values)
    if exact and sorts <= {int, float, type(None)} and sorts != {type(None)}:
        return pandas.Series([math.nan if value is None else value for value in values], dtype="float64")
    if sorts == {bool}:
        return pandas.Series(values, dtype=bool)
    if sorts <= {str}:
        return pandas.Series(values)
    return pandas.Series(values, dtype=object)


def _tensor_of_csv(path: str, schema: "Any") -> "Any":
    """The cells as an array. A first line is a header if a cell of it is no number, or if it counts 0, 1, 2, ..."""
    import csv

    import numpy

    rows, lines = [], []
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, skipinitialspace=True)
        for row in reader:
            if row:
                rows.append(row)
                lines.append(reader.line_num)
    names = rows[0] if rows and _is_header(rows[0]) else []
    rows, lines = rows[bool(names) :], lines[bool(names) :]
    width = len(names or (rows[0] if rows else []))
    for row, line in zip(rows, lines):
        if len(row) != width:
            raise ValueError(f"line {line} has {len(row)} cells; the file has {width} columns")
    inputs = schema.inputs
    if schema.has_input_names() and len(inputs) > 1:
        return {
            spec.name: _array(numpy, [[row[_place(names, spec.name)]] for row in rows], lines, [spec.name], spec)
            for spec in inputs
        }
    array = _array(numpy, rows, lines, names or list(range(width)), inputs[0])
    return {inputs[0].name: array} if schema.has_input_names() else array


def _is_header(row: "list[str]") -> bool:
    if row == [str(position) for position in range(len(row))]:
        return True
    try:
        for cell in row:
            cells.number(cell)
    except ValueError:
        return True
    return False


def _place(names: "list[str]", name: str) -> int:
    if name not in names:
        raise ValueError(f"there is no column {name}; there are: {', '.join(names) or 'none with a name'}")
    return names.index(name)


def _tensor_of_rows(rows: "list[Any]", lines: "list[int]", schema: "Any") -> "Any":
    import numpy

    if schema.has_input_names():
        for row, line in zip(rows, lines):
            lacks = [name for name in schema.input_names() if not isinstance(row, dict) or name not in row]
            if lacks:
                raise ValueError(f"line {line}: there is no {lacks[0]!r}; the model asks for it")
        return {spec.name: _array(numpy, [row[spec.name] for row in rows], lines, [], spec) for spec in schema.inputs}
    plain = [list(row.values()) if isinstance(row, dict) else row for row in rows]
    return _array(numpy, plain, lines, [], schema.inputs[0])


def _array(numpy: "Any", rows: "list[Any]", lines: "list[int]", names: "list[Any]", spec: "Any") -> "Any":
    """Rows of cells, or of lists in lists, as an array of the signature's type, each cell exact."""
    kind = numpy.dtype(spec.type)
    convert = {"i": cells.integer, "u": cells.integer, "f": cells.number, "b": cells.truth}.get(kind.kind)
    flat = []  # type: list[Any]
    shape = None
    for row, line in zip(rows, lines):
        found = _flattened(row, flat, convert, line, names)
        if shape is not None and found != shape:
            raise ValueError(f"line {line} has the shape {found}; the lines before it have {shape}")
        shape = found
    shape = shape or (len(names),)
    if kind.kind in "iu":
        size = max(1, len(flat) // max(1, len(rows)))
        array = cells.bounded(numpy, flat, kind, lambda position: f"line {lines[position // size]}")
    else:
        array = numpy.array(flat, dtype=kind)
    return array.reshape(_shape(numpy, (len(rows), *shape), tuple(spec.shape)))


def _flattened(
    value: "Any", flat: "list[Any]", convert: "Callable[[Any], Any] | None", line: int, names: "Any"
) -> "Any":
    """The shape of a value, its cells put at the end of `flat`."""
    if not isinstance(value, list):
        _put([value], flat, convert, line, names)
        return ()
    if not any(isinstance(below, list) for below in value):
        _put(value, flat, convert, line, names)
        return (len(value),)
    shapes = {_flattened(below, flat, convert, line, names) for below in value}
    if len(shapes) > 1:
        raise ValueError(f"line {line}: its lists have different lengths")
    return (len(value), *shapes.pop())


def _put(row: "list[Any]", flat: "list[Any]", convert: "Callable[[Any], Any] | None", line: int, names: "Any") -> None:
    count = len(flat)
    try:
        flat.extend(map(convert, row) if convert else row)
    except (ValueError, TypeError, OverflowError) as error:
        at = len(flat) - count  # the cells before it have been put there
        raise cells.refused(f"line {line}", names[at] if names else at, row[at], error) from None


def _shape(numpy: "Any", found: "tuple[int, ...]", asked: "tuple[int, ...]") -> "tuple[int, ...]":
    """The rows as the signature has them, where its figures allow that; else as they are, for mlflow to judge."""
    wanted = asked[1:]
    if not asked or asked[0] != -1 or -1 in wanted:
        return found
    size = 1
    for count in wanted:
        size *= count
    width = 1
    for count in found[1:]:
        width *= count
    return (found[0], *wanted) if size == width else found
