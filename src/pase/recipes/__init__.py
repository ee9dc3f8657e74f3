"""Which videos a raw corpus holds, who speaks in them, and where their words and phones are written."""
