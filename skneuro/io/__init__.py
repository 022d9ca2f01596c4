"""The one door to files from elsewhere: downloads, mirrors and safe readers."""

__all__ = []
