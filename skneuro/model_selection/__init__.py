"""Exploration and evolutionary search over any estimator."""

__all__ = []
