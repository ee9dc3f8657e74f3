"""Pages to look at a prepared corpus and at one of its clips."""
