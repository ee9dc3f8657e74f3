"""Parsing and wiring of the `pase` command."""
