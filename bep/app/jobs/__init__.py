"""Jobs: from what was asked for to a request, and what there is. Prints nothing."""
