"""From raw talking-face videos to a phoneme-aligned corpus, and the synthetic corpus."""
