"""The stages of a preparation, one file each, in the order of `pase.preparation.pipeline`."""
