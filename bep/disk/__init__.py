"""The ground floor under all that write: bytes from one path to another. Knows no room above it."""
