"""Segments: the results of one grant in one file, written, read, chosen among, published."""
