"""Functional connectivity, its dynamics, spectra, synchrony and encoding scores."""

__all__ = []
