"""The part of PASE that runs in a renderer's own Python, 3.7 or newer, with its standard library, NumPy and torch.

`run.py` is started in the renderer's place and loads this folder by its path, since that Python has no PASE.
"""
