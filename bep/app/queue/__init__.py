"""The queue: which jobs wait for instances of a compute, who holds some, whose turn it is. Prints nothing."""
