"""Synthetic speech without faces: many voices of several engines, with the exact time of every phone."""

from pase.corpus.synthetic.voices.generate import synthesize_speech

__all__ = ["synthesize_speech"]
