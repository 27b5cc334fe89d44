"""Scores an MLflow model that comes without code: one predict a file. Uses the environment's mlflow and pandas."""

import os

TABLES = (".csv", ".parquet", ".pqt", ".jsonl")
IMAGES = (".png", ".jpg", ".jpeg", ".tiff", ".bmp", ".gif")
_MODEL: "list[object]" = []


def init() -> None:
    """Load the model: the folder that AZUREML_MODEL_DIR contains, or is."""
    import mlflow.pyfunc  # type: ignore[import-not-found,import-untyped,unused-ignore]

    _MODEL[:] = [mlflow.pyfunc.load_model(_folder(os.environ["AZUREML_MODEL_DIR"]))]


def run(mini_batch: "list[str]") -> object:
    """The rows of one file: row index, prediction (a column for each, if several), file name."""
    import pandas  # type: ignore[import-not-found,import-untyped,unused-ignore]

    frames = [_score(pandas, path) for path in mini_batch]
    return frames[0] if len(frames) == 1 else pandas.concat(frames)


def _score(pandas: object, path: str) -> object:
    model = _MODEL[0]
    predictions = model.predict(_read(pandas, path, _schema(model)))  # type: ignore[attr-defined]
    frame = _frame(pandas, predictions)
    frame.insert(0, _free(frame, "row"), range(len(frame)))  # type: ignore[attr-defined,arg-type]
    frame[_free(frame, "file")] = os.path.basename(path)  # type: ignore[index]
    return frame


def _free(frame: object, name: str) -> str:
    """A column name that the predictions do not have."""
    while name in frame.columns:  # type: ignore[attr-defined]
        name = "_" + name
    return name


def _folder(folder: str) -> str:
    if os.path.isfile(os.path.join(folder, "MLmodel")):
        return folder
    for name in sorted(os.listdir(folder)):
        if os.path.isfile(os.path.join(folder, name, "MLmodel")):
            return os.path.join(folder, name)
    raise FileNotFoundError(f"no MLmodel file in {folder} or in a folder directly inside it")


def _schema(model: object) -> object:
    metadata = getattr(model, "metadata", None)
    return metadata.get_input_schema() if metadata is not None else None


def _read(pandas: object, path: str, schema: object) -> object:
    ending = os.path.splitext(path)[1]
    if ending == ".csv":
        return _read_csv(pandas, path, schema)
    if ending in (".parquet", ".pqt"):
        return pandas.read_parquet(path)  # type: ignore[attr-defined]
    if ending == ".jsonl":
        return _read_json_lines(pandas, path, schema)
    if ending in IMAGES:
        return _read_image(pandas, path, schema)
    raise TypeError(
        "{}: a model without a scoring script takes {} and images ({}); endings are matched as written".format(
            path, " ".join(TABLES), " ".join(IMAGES)
        )
    )


def _read_csv(pandas: object, path: str, schema: object) -> object:
    """With the types of the signature; a model that takes an array gets the numbers alone."""
    if schema is not None and schema.is_tensor_spec():  # type: ignore[attr-defined]
        import numpy  # type: ignore[import-not-found,import-untyped,unused-ignore]

        return numpy.genfromtxt(path, dtype=schema.numpy_types()[0], delimiter=",", skip_header=1, ndmin=2)  # type: ignore[attr-defined]
    types, times = _columns(schema)
    frame = pandas.read_csv(path, engine="c", dtype=types)  # type: ignore[attr-defined]
    for name in times:
        if name in frame.columns:
            frame[name] = pandas.to_datetime(frame[name])  # type: ignore[attr-defined]
    return frame


def _read_json_lines(pandas: object, path: str, schema: object) -> object:
    """With the types of the signature: 1.0 is 1 in many a file. What a column is called says nothing of its type."""
    types, times = _columns(schema)
    return pandas.read_json(path, lines=True, dtype=types or None, convert_dates=times)  # type: ignore[attr-defined]


def _columns(schema: object) -> "tuple[dict[str, object], list[str]]":
    """The types of the signature's columns by their names, and the names of those that are points in time."""
    types = {}
    times = []
    if schema is not None and not schema.is_tensor_spec() and schema.has_input_names():  # type: ignore[attr-defined]
        for name, kind in zip(schema.input_names(), schema.pandas_types()):  # type: ignore[attr-defined]
            if str(kind).startswith("datetime64"):
                times.append(name)
            else:
                types[name] = kind
    return types, times


def _read_image(pandas: object, path: str, schema: object) -> object:
    if schema is not None and not schema.is_tensor_spec():  # type: ignore[attr-defined]
        if len(schema.inputs) == 1 and "binary" in str(schema.inputs[0].type):  # type: ignore[attr-defined]
            with open(path, "rb") as file:
                return pandas.DataFrame([[file.read()]], columns=schema.input_names() or None)  # type: ignore[attr-defined]
        raise TypeError(f"{path}: the model's signature has columns; an image fits an array or one binary column")
    import numpy
    from PIL import Image  # type: ignore[import-not-found,import-untyped,unused-ignore]

    with Image.open(path) as image:
        pixels = numpy.array(image)
    if schema is None:
        return pixels[numpy.newaxis]
    kind, shape = schema.numpy_types()[0], schema.inputs[0].shape  # type: ignore[attr-defined]
    pixels = pixels.astype(kind)
    if tuple(shape) == (-1,):
        return pixels.reshape(-1)
    return pixels.reshape([1 if n == -1 and position == 0 else n for position, n in enumerate(shape)])


def _frame(pandas: object, predictions: object) -> object:
    frame = pandas.DataFrame  # type: ignore[attr-defined]
    if isinstance(predictions, frame):
        return predictions.reset_index(drop=True)
    if isinstance(predictions, dict):
        return frame(predictions)
    if getattr(predictions, "ndim", 1) > 1:
        flat = predictions.reshape(len(predictions), -1)  # type: ignore[attr-defined,arg-type]
        names = ["prediction"] if flat.shape[1] == 1 else [f"prediction_{n}" for n in range(flat.shape[1])]
        return frame(flat, columns=names)
    return frame({"prediction": list(predictions)})  # type: ignore[call-overload]
