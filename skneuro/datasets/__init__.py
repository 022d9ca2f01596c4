"""Loaders, generators and fetchers."""

__all__ = []
