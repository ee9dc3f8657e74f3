"""Our own small renderers and the parts of them, built on the audio path that the renderers share."""
