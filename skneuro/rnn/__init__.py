"""Biologically constrained recurrent networks."""

__all__ = []
