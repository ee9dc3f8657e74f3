"""The `pase-adapt` command: parsing and printing only."""
