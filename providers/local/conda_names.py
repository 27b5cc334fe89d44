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

_WHEELS: Final = "wheels on PyPI carry it when they need it"
_PYTHON: Final = "it is part of the interpreter"

CARRIED: Final = {
    **dict.fromkeys(("cpuonly", "pytorch-mutex"), "which build of torch is installed is settled by pip's index"),
    **dict.fromkeys(
        ("mkl", "mkl-service", "mkl_fft", "mkl_random", "intel-openmp", "blas", "openblas", "libblas", "liblapack"),
        _WHEELS,
    ),
    **dict.fromkeys(("libcblas", "libgcc-ng", "libgcc", "libgomp", "libstdcxx-ng", "libgfortran-ng"), _WHEELS),
    **dict.fromkeys(("libgfortran", "libgfortran5", "libpng", "libtiff", "libwebp", "jpeg", "freetype"), _WHEELS),
    **dict.fromkeys(("libprotobuf", "libopenblas", "llvm-openmp", "zstd", "lz4-c", "lcms2", "lame"), _WHEELS),
    **dict.fromkeys(("ca-certificates", "openssl", "sqlite", "tk", "xz", "zlib", "readline", "ncurses"), _PYTHON),
    **dict.fromkeys(("bzip2", "libffi", "ld_impl_linux-64", "python_abi", "libsqlite", "libuuid", "libzlib"), _PYTHON),
    **dict.fromkeys(("libnsl", "libexpat", "libxcrypt", "tzdata"), _PYTHON),
    **dict.fromkeys(
        ("cudatoolkit", "cudnn", "pytorch-cuda", "cuda", "cuda-toolkit", "nccl", "cuda-runtime", "cudatoolkit-dev"),
        "pip has no such package. Alternatives: wheels of torch and tensorflow bring their own CUDA libraries;"
        " for others install CUDA on this machine; without a GPU nothing is missing",
    ),
}
"""conda packages that pip does not need, and why. Each is named in the environment's log."""

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

_IMPORTING: Final = "A script that imports azureml.core itself will not find it; read AZUREML_MODEL_DIR instead"

OURS: Final = {
    **dict.fromkeys(
        ("azureml-core", "azureml-defaults", "azureml-dataset-runtime", "azureml-dataprep", "azureml-telemetry"),
        _IMPORTING,
    ),
    **dict.fromkeys(("azureml-sdk", "azureml-inference-server-http", "azureml-model-management-sdk"), _IMPORTING),
    "azureml-mlflow": "It only sends metrics to Azure",
}
"""Packages that only do something inside Azure ML: what a scoring script needs of them comes from bep's worker."""
