"""The YAML package, imported for its nodes and libyaml: what its own readers search with is compiled at use."""

from bep.lazy_patterns import patterns_compiled_at_use

with patterns_compiled_at_use():  # half of its import, and a tenth of a short command
    import yaml

__all__ = ["yaml"]
