"""Specs as a user has them in hand: begun, laid out, checked, explained, exported. Prints nothing."""
