"""What clients ask to follow a job and to fetch its outputs: discovery, run history, run data."""
