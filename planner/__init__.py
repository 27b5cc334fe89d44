"""(desired, prior, observed) -> plan. Pure: no files, clock, network or process."""
