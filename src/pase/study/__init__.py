"""Many small trainings that differ in named settings, measured alike and compared seed by seed."""
