"""The `pase` command."""


def main() -> int:
    """Run it."""
    return 0
