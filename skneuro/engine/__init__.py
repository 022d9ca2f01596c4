"""Equations traced once become kernels, adjoints and torch code; the integrator."""

__all__ = []
