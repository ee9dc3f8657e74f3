"""The Montreal Forced Aligner (McAuliffe and others 2017), a program of its own that runs beside PASE."""
