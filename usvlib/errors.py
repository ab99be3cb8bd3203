"""What goes wrong, said in terms of the argument, its value and the rule."""


class UsvError(ValueError):
    """Every error that usvlib raises about its input."""


class MissingFileError(UsvError, FileNotFoundError):
    """A file that should be there is not."""
