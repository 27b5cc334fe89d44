"""What is looked after by hand: what is in the way, what is broken, what can go. Prints nothing."""
