"""Rendering: a plan for a reviewer. Pure; the plan is the only input."""
