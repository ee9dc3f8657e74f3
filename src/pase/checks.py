"""Looking at settings before they are used."""

from pase.errors import InputError


def check_setting(part: str, settings: object, name: str, right: bool, expected: str) -> None:
    """Refuse a setting.

    Args:
        part: What is set, for the message.
        settings: The object that holds it.
        name: Of the setting.
        right: Whether it is as expected.
        expected: What is.

    Raises:
        InputError: It is not.
    """
    if not right:
        raise InputError(f"{part}: {name} is {getattr(settings, name)}, expected {expected}")
