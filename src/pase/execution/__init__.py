"""One function over many tasks: in local processes, in a Ray cluster or on Slurm, whatever happens to the workers."""
