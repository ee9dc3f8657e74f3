"""Forced alignment: from a waveform and its words to phones in time."""
