"""What is told of the requests that came: a line of a log for each, and numbers of all. Decides nothing."""
