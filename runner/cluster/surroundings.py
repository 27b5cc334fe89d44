"""What is inherited on a node of a cluster: a list, for Ray leaves more in its processes than a script expects.

A `PYTHONPATH` of Ray's would come before a script's own modules, `OMP_NUM_THREADS` is meant for Ray's tasks, and a
token of the cluster's is nobody's business. Knows no process.
"""

import glob
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Final

INHERITED: Final = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TZDIR", "TMPDIR", "TEMP", "TMP"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "HOSTNAME"),
    *("LD_LIBRARY_PATH", "CUDA_*", "NVIDIA_*", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCM_PATH"),
    *("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "KRB5*"),
    *("PIP_*", "UV_*", "CONDARC", "CONDA_EXE", "CONDA_SUBDIR", "CONDA_PKGS_DIRS", "MAMBA_*", "PYENV_ROOT", "GIT_*"),
    *("AWS_*", "AZURE_*", "GOOGLE_*", "CLOUDSDK_*", "FSSPEC_*", "MSI_*", "IDENTITY_*", "KUBERNETES_*"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "BEP_ENVIRONMENTS_FOLDER"),
)
"""The variables that an agent and the workers of it inherit: names, or patterns as `fnmatch` has them. Those by which
stores and clouds know who asks are among them: a script may read its storage."""


def of_agent(secret_variables: Iterable[str]) -> tuple[str, ...]:
    """The patterns of what an agent inherits from whoever starts it: those of secret variables of the job, too, which
    it is not told the values of where the cluster's own environment has them."""
    return (*INHERITED, *map(glob.escape, secret_variables))


def kept(environment: Mapping[str, str], patterns: Iterable[str] = INHERITED) -> dict[str, str]:
    """What of an environment is inherited."""
    wanted = tuple(patterns)
    return {name: value for name, value in environment.items() if any(fnmatchcase(name, pattern) for pattern in wanted)}
