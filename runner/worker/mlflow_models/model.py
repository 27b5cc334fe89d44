"""Scores an MLflow model that comes without code: one predict a file. Uses the environment's mlflow and pandas."""

import os

from . import tables
from .results import frame_of

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
    frame = frame_of(pandas, predictions)
    frame.insert(0, _free(frame, "row"), range(len(frame)))
    frame[_free(frame, "file")] = os.path.basename(path)
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
        return tables.read_csv(pandas, path, schema)
    if ending in (".parquet", ".pqt"):
        return pandas.read_parquet(path)  # type: ignore[attr-defined]
    if ending == ".jsonl":
        return tables.read_json_lines(pandas, path, schema)
    if ending in IMAGES:
        return _read_image(pandas, path, schema)
    raise TypeError(
        "{}: a model without a scoring script takes {} and images ({}); endings are matched as written".format(
            path, " ".join(TABLES), " ".join(IMAGES)
        )
    )


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
    if (
        tuple(shape) == (-1,) and numpy.dtype(kind) == object
    ):  # images of any size: a batch of one, as the service has it
        batch = numpy.empty(1, dtype=object)
        batch[0] = pixels
        return batch
    pixels = pixels.astype(kind)
    if tuple(shape) == (-1,):
        return pixels.reshape(-1)
    return pixels.reshape([1 if n == -1 and position == 0 else n for position, n in enumerate(shape)])
