"""Objects as the service has them and as bep has them: one from the other, and what is published of both. Pure."""
