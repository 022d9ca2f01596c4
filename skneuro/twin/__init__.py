"""Digital twins of visual cortex."""

__all__ = []
