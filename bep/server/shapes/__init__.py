"""What the service's objects look like, as far as several areas of the server answer them. Pure."""
