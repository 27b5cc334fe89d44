"""Plans: made, carried out, taken back; imports and adoptions. Prints nothing."""
