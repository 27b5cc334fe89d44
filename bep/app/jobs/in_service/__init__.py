"""Jobs that a service runs: ordered once, followed, read, fetched. Knows no runner that scores here."""
