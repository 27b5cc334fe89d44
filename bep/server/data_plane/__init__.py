"""The scoring URI: jobs started, looked at and cancelled, as the service has it."""
