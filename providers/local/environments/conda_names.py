"""How conda's names differ from pip's. A table; knows no version."""

from typing import Final

RENAMED: Final = {
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "torchvision-cpu": "torchvision",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-mkl": "tensorflow",
    "tensorflow-eigen": "tensorflow",
    "tensorflow-base": "tensorflow",
    "keras-gpu": "keras",
    "pytables": "tables",
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "libopencv": "opencv-python-headless",
    "matplotlib-base": "matplotlib",
    "seaborn-base": "seaborn",
    "dask-core": "dask",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "py-xgboost-gpu": "xgboost",
    "py-lightgbm": "lightgbm",
    "faiss": "faiss-cpu",
    "faiss-gpu": "faiss-cpu",
    "python-graphviz": "graphviz",
    "msgpack-python": "msgpack",
    "ruamel_yaml": "ruamel.yaml",
    "importlib_metadata": "importlib-metadata",
    "importlib_resources": "importlib-resources",
    "pyqt": "PyQt5",
    "psycopg2": "psycopg2-binary",
    "pillow-simd": "pillow",
    "pyarrow-core": "pyarrow",
    "ipython_genutils": "ipython-genutils",
    "jupyter_client": "jupyter-client",
    "jupyter_core": "jupyter-core",
    "ignite": "pytorch-ignite",
    "libclang": "libclang",
    "levenshtein": "Levenshtein",
    "python-levenshtein": "Levenshtein",
}
"""conda name -> pip name, where they differ or where a prefix rule would misjudge them."""

CARRIED: Final = frozenset(
    (
        # wheels on PyPI carry these when they need them
        *("mkl", "mkl-service", "mkl_fft", "mkl_random", "intel-openmp", "llvm-openmp", "blas", "openblas"),
        *("libblas", "libcblas", "liblapack", "libopenblas", "libgcc", "libgcc-ng", "libgomp", "libstdcxx-ng"),
        *("libgfortran", "libgfortran5", "libgfortran-ng", "libprotobuf", "libpng", "libtiff", "libwebp", "jpeg"),
        *("freetype", "lcms2", "lame", "zstd", "lz4-c", "libwebp-base", "libdeflate", "libstdcxx"),
        # these are part of any interpreter
        *("ca-certificates", "openssl", "sqlite", "libsqlite", "tk", "xz", "zlib", "libzlib", "readline", "ncurses"),
        *("bzip2", "libffi", "libuuid", "libnsl", "libexpat", "libxcrypt", "tzdata", "python_abi", "ld_impl_linux-64"),
    )
)
"""conda packages that pip does not need: left out without a word, since exported conda files are full of them."""

BUILDS: Final = {
    **dict.fromkeys(("cpuonly", "pytorch-mutex"), "which build of torch is installed is settled by pip's index"),
    **dict.fromkeys(
        ("cudatoolkit", "cudnn", "pytorch-cuda", "cuda", "cuda-toolkit", "nccl", "cuda-runtime", "cudatoolkit-dev"),
        "pip has no such package. Alternatives: wheels of torch and tensorflow bring their own CUDA libraries;"
        " for others install CUDA on this machine; without a GPU nothing is missing",
    ),
}
"""conda packages that choose a build or bring a GPU's libraries, and what stands for them here. The user is told."""

NEEDS_MACHINE: Final = {
    "ffmpeg": "ffmpeg",
    "graphviz": "dot",
    "git": "git",
    "git-lfs": "git-lfs",
    "openjdk": "java",
    "nodejs": "node",
    "r-base": "Rscript",
    "gcc": "gcc",
    "gcc_linux-64": "gcc",
    "gxx": "g++",
    "gxx_linux-64": "g++",
    "cxx-compiler": "g++",
    "c-compiler": "gcc",
    "compilers": "g++",
    "make": "make",
    "cmake": "cmake",
    "tesseract": "tesseract",
    "poppler": "pdftotext",
    "imagemagick": "convert",
    "openmpi": "mpirun",
    "mpich": "mpirun",
    "sox": "sox",
    "wget": "wget",
    "curl": "curl",
    "unzip": "unzip",
}
"""conda packages that are programs, not Python packages: the machine's own serves, if it is on PATH."""

_IMPORTING: Final = "A script that imports azureml.core finds Model.get_model_path and an offline Run, and no more"

OURS: Final = {
    **dict.fromkeys(
        ("azureml-core", "azureml-defaults", "azureml-dataset-runtime", "azureml-dataprep", "azureml-telemetry"),
        _IMPORTING,
    ),
    **dict.fromkeys(("azureml-sdk", "azureml-inference-server-http", "azureml-model-management-sdk"), _IMPORTING),
    "azureml-mlflow": "It only sends metrics to Azure",
}
"""Packages that only do something inside Azure ML: what a scoring script needs of them comes from bep's worker."""
