"""Whole-brain simulators, monitors and haemodynamics as scikit-learn estimators."""

__all__ = []
