"""Who may use a workspace through its server: tokens and what their roles allow. Knows no face."""
