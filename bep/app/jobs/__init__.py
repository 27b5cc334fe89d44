"""Jobs: what there is, where they run, what is told of them. Prints nothing."""
