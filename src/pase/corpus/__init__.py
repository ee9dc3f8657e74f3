"""A prepared corpus on disk, and the synthetic corpus."""
