"""Loaders, generators and fetchers."""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_atlases": ["load_atlas_labels"],
        "_connectomes": ["fetch_connectome", "load_connectome"],
        "_encoder_catalog": [
            "EncoderCard",
            "describe_encoder",
            "list_encoders",
            "register_encoder",
        ],
        "_encoders": [
            "fetch_berg_tutorial_images",
            "fetch_encoder",
            "fetch_encoder_metadata",
            "fetch_nsd_fwrf",
        ],
        "_linear_encoders": ["fetch_nsd_fsaverage_vit", "fetch_things_eeg2_vit"],
        "_synthetic": ["make_connectome"],
    },
)

__all__ = [
    "EncoderCard",
    "describe_encoder",
    "fetch_berg_tutorial_images",
    "fetch_connectome",
    "fetch_encoder",
    "fetch_encoder_metadata",
    "fetch_nsd_fsaverage_vit",
    "fetch_nsd_fwrf",
    "fetch_things_eeg2_vit",
    "list_encoders",
    "load_atlas_labels",
    "load_connectome",
    "make_connectome",
    "register_encoder",
]
