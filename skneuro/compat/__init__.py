"""Bring models from other tools: each becomes a skneuro estimator."""

__all__ = []
