"""Resources as the clients of a cloud's service look at them and write them, one at a time. Knows no face."""
