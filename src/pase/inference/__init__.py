"""Features from audio alone: whole files, streams, tracks."""
