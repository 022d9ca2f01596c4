"""Recurrent networks with the constraints of biology."""

__all__ = []
