"""Image to brain-response encoding models."""

__all__ = []
