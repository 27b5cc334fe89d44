"""Explanations: each code of a finding in a paragraph, with a wrong example and a right one. Knows no rule."""
