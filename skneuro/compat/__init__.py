"""Bring models from other tools: each becomes a skneuro estimator."""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submodules=["neurolib"],
    submod_attrs={"neurolib": ["drive_from_neurolib", "from_neurolib"]},
)

__all__ = ["drive_from_neurolib", "from_neurolib", "neurolib"]
