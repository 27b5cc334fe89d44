"""Where code is reviewed: one module a host, and what keeps one comment there up to date. Knows no plan and no face."""
