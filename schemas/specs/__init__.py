"""Specs: from files to resources in canonical form, with every finding. Opens no file itself."""
