"""Optimal control of simulators and relational neural control of encoders."""

__all__ = []
