"""Waveforms, the STFT front end and augmentation."""
