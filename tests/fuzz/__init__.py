"""Fuzzing of whole commands: `python -m tests.fuzz`. Knows no rule of bep's but that every text ends in an answer."""
