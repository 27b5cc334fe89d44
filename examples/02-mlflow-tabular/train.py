"""Makes model/, samples/ and labels.csv anew from the breast-cancer table that scikit-learn ships.

    pip install mlflow-skinny==3.17.2 scikit-learn==1.9.1 skops==0.16.0 pandas==3.1.1
    python train.py

The data are the 569 tumours of the UCI set "Breast Cancer Wisconsin (Diagnostic)", 30 measurements of each.
The first 400 train the model; the last 169 are held out and become the tables in samples/.
"""

import shutil
from pathlib import Path

import mlflow
import pandas
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
TRAINED_ON = 400
ROWS_A_FILE = 43
REQUIREMENTS = ["mlflow-skinny==3.17.2", "scikit-learn==1.9.1", "skops==0.16.0", "pandas==3.1.1"]


def main() -> None:
    """Write everything the example holds that is not written by hand."""
    bundled = load_breast_cancer(as_frame=True)
    diagnosis = bundled.target.map(lambda code: str(bundled.target_names[code])).rename("diagnosis")
    measured, known = bundled.data[:TRAINED_ON], diagnosis[:TRAINED_ON]
    save(make_pipeline(StandardScaler(), LogisticRegression(random_state=0)).fit(measured, known), measured)
    write_samples(bundled.data[TRAINED_ON:], diagnosis[TRAINED_ON:])


def save(classifier: Pipeline, measured: pandas.DataFrame) -> None:
    """The model folder as mlflow writes it, with what its columns are and what it needs to be loaded."""
    shutil.rmtree(HERE / "model", ignore_errors=True)
    mlflow.sklearn.save_model(
        classifier,
        HERE / "model",
        signature=mlflow.models.infer_signature(measured, classifier.predict(measured)),
        pip_requirements=REQUIREMENTS,
        serialization_format="skops",
    )


def write_samples(measured: pandas.DataFrame, diagnosis: pandas.Series) -> None:
    """Tables of held-out tumours without their diagnosis, and the diagnoses in the same order."""
    shutil.rmtree(HERE / "samples", ignore_errors=True)
    (HERE / "samples").mkdir()
    names = [f"samples-{place // ROWS_A_FILE + 1}.csv" for place in range(len(measured))]
    for name, rows in measured.groupby(names):
        rows.to_csv(HERE / "samples" / str(name), index=False)
    table = pandas.DataFrame({"file": names, "diagnosis": diagnosis.tolist()})
    table.insert(1, "row", table.groupby("file").cumcount())
    table.to_csv(HERE / "labels.csv", index=False)


if __name__ == "__main__":
    main()
