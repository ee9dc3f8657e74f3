"""Windows of a prepared corpus as training batches."""
