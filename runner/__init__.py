"""One scoring job, from inputs to outputs. Knows no provider and no plan."""
