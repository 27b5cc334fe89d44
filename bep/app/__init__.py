"""Use cases: environment, options and rooms become one piece of work. Prints nothing, knows no command line."""
