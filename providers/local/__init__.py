"""This machine as a cloud: a folder with an SQLite catalog and a content-addressed store."""
