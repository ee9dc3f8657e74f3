"""Where the work of a preparation runs."""
