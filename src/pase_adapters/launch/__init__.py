"""Running a renderer's own script with its audio network as wide as the features, its files as they are."""
