"""Process 1 of a machine that `machines` pretends: names it, mounts its folders, then reaps what has ended.

Arguments: the machine's name, then folders as SOURCE:TARGET or tmpfs:TARGET. It says so once all is there.
"""

import os
import socket
import subprocess
import sys
import time


def main() -> None:
    """Do it, until the kernel ends it."""
    name, *mounts = sys.argv[1:]
    socket.sethostname(name)
    for source, target in (mount.split(":") for mount in mounts):
        kind = ["-t", "tmpfs"] if source == "tmpfs" else ["--bind"]
        subprocess.run(["mount", *kind, source, target], check=True)
    print("ready", flush=True)
    while True:
        try:
            os.wait()
        except ChildProcessError:  # nobody is there now
            time.sleep(0.1)


if __name__ == "__main__":
    main()
