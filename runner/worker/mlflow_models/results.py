"""What predict() of an MLflow model returned -> a data frame, one row a prediction. Knows no file and no signature."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def frame_of(pandas: "Any", predictions: "Any") -> "Any":
    """A data frame of its own index.

    An array of two dimensions has a column for each of its own; one of more is flattened to two. A dict has a column
    for each key, with lists in its cells where the values have more dimensions than one. What has no rows, such as one
    number, or a dict of values of different lengths, is one row.
    """
    if isinstance(predictions, pandas.DataFrame):
        return predictions.reset_index(drop=True)
    if isinstance(predictions, dict):
        return _columns(pandas, predictions)
    predictions = _as_array(predictions)
    shape = tuple(getattr(predictions, "shape", ()))  # type: tuple[int, ...]
    if len(shape) > 1:
        width = 1
        for count in shape[1:]:
            width *= count
        names = ["prediction"] if width == 1 else [f"prediction_{number}" for number in range(width)]
        return pandas.DataFrame(predictions.reshape(shape[0], width), columns=names)
    rows = _rows(predictions)
    return pandas.DataFrame({"prediction": [predictions] if rows is None else rows})


def _columns(pandas: "Any", predictions: "dict[Any, Any]") -> "Any":
    values = {name: _as_array(value) for name, value in predictions.items()}
    rows = {name: _rows(value) for name, value in values.items()}
    lengths = {-1 if found is None else len(found) for found in rows.values()}
    if len(lengths) == 1 and -1 not in lengths:
        return pandas.DataFrame(rows)
    return pandas.DataFrame({name: [values[name] if found is None else found] for name, found in rows.items()})


def _as_array(value: "Any") -> "Any":
    """Sparse matrices and the tensors of torch and TensorFlow as arrays of numpy; all else as it is."""
    if hasattr(value, "toarray"):
        return value.toarray()
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    return value.numpy() if hasattr(value, "numpy") and hasattr(value, "shape") else value


def _rows(value: "Any") -> "list[Any] | None":
    """The predictions in a value; None for one that is a single prediction."""
    if isinstance(value, (str, bytes, bytearray, dict)) or getattr(value, "shape", None) == ():
        return None
    if len(getattr(value, "shape", ())) > 1:
        return value.tolist()  # type: ignore[no-any-return]
    return list(value) if hasattr(value, "__iter__") else None
