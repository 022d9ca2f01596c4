"""Loaders, generators and fetchers."""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_atlases": ["load_atlas_labels"],
        "_connectomes": ["fetch_connectome", "load_connectome"],
        "_synthetic": ["make_connectome"],
    },
)

__all__ = [
    "fetch_connectome",
    "load_atlas_labels",
    "load_connectome",
    "make_connectome",
]
