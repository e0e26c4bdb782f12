"""What figures call points of suspicious.csv and explanations.csv."""


def name(row: int, own: str) -> str:
    """What figures call a point: its id where it has one, else its row."""
    return own or f"row {row}"


def class_name(name: str) -> str:
    """What figures call a class where nothing else says that it is one: a number alone would be read as a value."""
    return f"class {name}" if name.isdecimal() else name
