"""The synthetic corpus: espeak-ng's speech, and talking faces drawn from its phone times."""

from pase.corpus.synthetic.generate import synthesize

__all__ = ["synthesize"]
