"""What the pages that PASE writes have in common: HTML without scripts, colours, tracks over a time axis."""
