"""What there is, put together for whoever looks: endpoints, plans, states, drift. Reads; knows no face."""
