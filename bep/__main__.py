"""`python -m bep`: the same door as the `bep` command."""

from bep.cli import main

if __name__ == "__main__":
    main()
