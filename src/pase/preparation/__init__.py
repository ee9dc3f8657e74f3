"""`pase prepare`: from raw talking-face videos to a phoneme-aligned corpus."""
