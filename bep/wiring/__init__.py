"""Where the rooms meet: environment, options and rooms become one piece of work. Prints nothing."""
