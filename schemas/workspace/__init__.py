"""Workspaces: bep.yml, its stages, variables, directives and conditions. Opens no file itself."""
