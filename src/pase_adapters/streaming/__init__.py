"""PASE in the real-time paths of renderers: a worker of PASE's own Python, and what listens inside the renderer's."""
