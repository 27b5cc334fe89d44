"""What a user may write, and where they wrote it. Knows no effect: files come in through `Files`."""
