"""Adapters that hand PASE features to talking-head renderers, in the file that each one's audio hook reads."""
