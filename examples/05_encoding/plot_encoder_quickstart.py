"""
Published encoders: from photographs to voxels in three lines
=============================================================

Published encoding models predict what the voxels of a person answer to an image [1]_.
This page fetches one and looks at what comes with it. So that it needs no network, it
first writes a miniature file in the published layout; with network, leave out
``berg_dir``, and the real weights come from the public bucket.
"""

# %%
# The miniature: a random network, 40 voxels of V1 with planted receptive fields, and
# their metadata. Both files are pickles, which skneuro reads without running them.
import tempfile
from argparse import Namespace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_sample_images
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skneuro.datasets import describe_encoder, fetch_nsd_fwrf, list_encoders
from skneuro.encoding import make_gnet_weights, to_nifti
from skneuro.plotting import plot_encoding_accuracy, plot_receptive_fields

folder = Path(tempfile.mkdtemp())
place = folder / "encoding_models/modality-fmri/train_dataset-nsd/model-fwrf"
(place / "encoding_models_weights").mkdir(parents=True)
(place / "metadata").mkdir()

rng = np.random.default_rng(0)
weights = {
    name: torch.tensor(array)
    for name, array in make_gnet_weights(40, random_state=0).items()
}
networks = {
    "enc": {k.removeprefix("enc."): v for k, v in weights.items() if "enc" in k[:4]},
    "fwrfs": {
        1: {k.removeprefix("fwrf."): v for k, v in weights.items() if "fwrf" in k}
    },
}
torch.save(
    {"best_params": networks, "args.": Namespace(lr=1e-3)},
    place / "encoding_models_weights/weights_sub-01_roi-V1.pt",
)
mask = np.zeros((12, 12, 6), bool)
mask[3:7, 4:9, 2:4] = True  # 40 voxels
ceiling = rng.uniform(0.2, 0.7, 40)
metadata = {
    "fmri": {
        "ncsnr": np.sqrt(ceiling / (1 - ceiling)),
        "roi_mask_volume": mask,
        "fmri_affine": np.diag([1.8, 1.8, 1.8, 1.0]),
    },
    "encoding_models": {
        "r2": ceiling * rng.uniform(0.3, 0.9, 40),
        "noise_ceiling": ceiling,
        "explained_variance": rng.uniform(30, 90, 40),
    },
}
np.save(place / "metadata/metadata_sub-01_roi-V1.npy", metadata)

# %%
# Here are the three lines. Responses are betas, z-scored in each session.
v1 = fetch_nsd_fwrf(subject=1, roi="V1", berg_dir=folder, data_home=folder / "cache")
images = load_sample_images().images
responses = v1.encoder.predict(images)
print(responses.shape, responses.dtype)

# %%
# The table says of each voxel where it lies and how well the model predicts it, the
# card what the model is. ``list_encoders`` lists all that there are.
print(v1.metadata[["voxel", "ncsnr", "r2", "noise_ceiling", "x", "y", "z"]].head(3))
print(describe_encoder("fmri-nsd-fwrf").text[:300], "...")
print(list_encoders(built_only=True)[["modality", "subjects", "fetcher"]])

# %%
# The encoder is a scikit-learn transformer: it stands in a pipeline, whose ``clone``
# keeps its weights. The volume is a NIfTI image that any viewer shows.
scores = make_pipeline(v1.encoder, StandardScaler()).fit_transform(images)
volume = to_nifti(responses, mask, affine=v1.volumes[1]["affine"])
print(scores.shape, volume.shape)

# %%
# On the left, where the voxels look and what they answer to the first photograph. In
# the middle, one slice of the volume. On the right, how well the voxels are predicted,
# against the best that noise allows.
fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
side = min(images[0].shape[:2])
start = (images[0].shape[1] - side) // 2
plot_receptive_fields(
    v1.encoder.rf_center_,
    v1.encoder.rf_size_,
    values=responses[0],
    image=images[0][:, start : start + side],
    value_label="predicted response (z)",
    ax=left,
)
left.set_title("Receptive fields of V1")
drawn = middle.imshow(volume.get_fdata()[:, :, 2, 0].T, origin="lower")
fig.colorbar(drawn, ax=middle, label="predicted response (z)", shrink=0.8)
middle.set(title="One slice of the brain", xlabel="i (voxel)", ylabel="j (voxel)")
plot_encoding_accuracy(
    v1.metadata["r2"],
    noise_ceiling=v1.metadata["noise_ceiling"],
    label="r squared",
    ax=right,
)
right.set_title("Accuracy")

# %%
# References
# ----------
# .. [1] G. St-Yves, E. J. Allen, Y. Wu, K. Kay, T. Naselaris (2023), Nature
#    Communications 14, 3329. :doi:`10.1038/s41467-023-38674-4`
