"""Functions that take arrays and an Axes and return the Axes."""

__all__ = []
