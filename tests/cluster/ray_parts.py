"""Which processes are parts of Ray, and what a node says of its memory. Starts nothing."""

from typing import Final

from tests.cluster.machines import Process

PROGRAMS: Final = {"raylet": "raylet", "gcs": "gcs_server", "dashboard": "dashboard.py"}
"""The files that are parts of Ray."""
TITLES: Final = ("ray-dashboard", "ray::IDLE", "ray::DashboardAgent", "ray::RuntimeEnv")
"""What processes of Ray call themselves that live without a job."""
MEMINFO: Final = "MemTotal: {0} kB\nMemFree: {1} kB\nMemAvailable: {1} kB\nBuffers: 0 kB\nCached: 0 kB\nShmem: 0 kB\n"


def is_of_ray(process: Process) -> bool:
    """Whether a process is a part of Ray that runs without any job, or one that is dead."""
    text = " ".join(process.command)
    if process.state == "Z" or text.startswith(TITLES):
        return True
    is_part = any(word in text for word in ("/ray/", "ray.scripts.scripts", "ray.util.client.server"))
    return (is_part or "from multiprocessing." in text) and not text.startswith("ray::")
