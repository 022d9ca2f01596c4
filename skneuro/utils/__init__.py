"""Validation, parameter constraints, progress and torch glue shared by all subpackages."""

__all__ = []
