"""Encoding models: images in, responses of voxels, vertices or electrodes out."""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_convert": ["to_gifti", "to_mne", "to_nifti", "to_xarray"],
        "_eeg": ["EEGEncoder"],
        "_features": ["VisionFeatures"],
        "_fwrf": ["make_gnet_weights"],
        "_gnet": ["GNetEncoder"],
        "_linear": ["LinearEncoder"],
        "_weights": ["EncoderWeights"],
    },
)

__all__ = [
    "EEGEncoder",
    "EncoderWeights",
    "GNetEncoder",
    "LinearEncoder",
    "VisionFeatures",
    "make_gnet_weights",
    "to_gifti",
    "to_mne",
    "to_nifti",
    "to_xarray",
]
