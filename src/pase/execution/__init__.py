"""One function over many tasks: in local processes or in a Ray cluster, whatever happens to the workers."""
