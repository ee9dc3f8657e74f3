"""The networks and losses of PASE as plain modules."""
