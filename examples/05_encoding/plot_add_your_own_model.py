"""
Add a model of your own: card, weights, loader
==============================================

A model that you trained can stand in the same catalog as the published ones, be fetched
by its id, and be read from a safe file. This page adds two: one of images, and one of
sounds, where nothing but the features differs.
"""

# %%
# First the model of images: features of a small network, 30 voxels that follow them,
# and an encoder that learns them from patches of two photographs.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from safetensors.numpy import save_file
from sklearn.base import clone
from sklearn.datasets import load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d
from sklearn.metrics import r2_score
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import Bunch

from skneuro.datasets import (
    describe_encoder,
    fetch_encoder,
    list_encoders,
    register_encoder,
)
from skneuro.encoding import LinearEncoder, VisionFeatures

folder = Path(tempfile.mkdtemp())
rng = np.random.default_rng(0)
patches = np.concatenate(
    [
        extract_patches_2d(image, (32, 32), max_patches=200, random_state=0)
        for image in load_sample_images().images
    ]
)
patches = rng.permutation(patches)
torch.manual_seed(0)
network = torch.nn.Sequential(
    torch.nn.Conv2d(3, 12, 7, stride=4), torch.nn.ReLU(), torch.nn.AvgPool2d(3)
)
features = VisionFeatures(network, image_size=32)
F = features.transform(patches)
voxels = (F - F.mean(axis=0)) @ rng.normal(size=(F.shape[1], 30))
voxels = voxels / voxels.std(axis=0) + 0.5 * rng.standard_normal(voxels.shape)
trained = LinearEncoder(n_components=30, alpha=10.0).fit(F[:300], voxels[:300])

# %%
# Weights go into a safetensors file, which holds numbers and nothing that could run, by
# the names of the published files. Where they come from does not matter: here from the
# singular vectors of the features and a ridge regression in NumPy.
mean, scale = F[:300].mean(axis=0), F[:300].std(axis=0) + 1e-6
_, _, components = np.linalg.svd((F[:300] - mean) / scale, full_matrices=False)
components = components[:30]
scores = (F[:300] - mean) / scale @ components.T
coef = np.linalg.solve(scores.T @ scores + 10 * np.eye(30), scores.T @ voxels[:300]).T
arrays = {
    "scaler_param.mean_": mean,
    "scaler_param.scale_": scale,
    "pca_param.mean_": np.zeros_like(mean),
    "pca_param.components_": components,
    "reg_param.coef_": coef,
    "reg_param.intercept_": voxels[:300].mean(axis=0),
}
arrays = {name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()}
save_file(arrays, folder / "voxels.safetensors")


# %%
# The loader returns what every fetcher returns. The card says what the model is.
def load_voxels(roi="V1"):
    """Load the model of images, of one region."""
    table = pd.DataFrame({"roi": np.repeat(["V1", "V2"], 15), "voxel": range(30)})
    targets = np.flatnonzero(table["roi"] == roi)
    encoder = LinearEncoder(
        folder / "voxels.safetensors", features=features, targets=targets
    )
    return Bunch(encoder=encoder, metadata=table.iloc[targets])


card = {
    "model_id": "fmri-patches-mine",
    "modality": "fmri",
    "training_dataset": "patches",
    "species": "human",
    "stimuli": "images",
    "subjects": [1],
    "description": "30 made-up voxels that follow a small random network.",
}
register_encoder(card, load_voxels)
v1 = fetch_encoder("fmri-patches-mine", roi="V1").encoder
predicted = clone(v1).predict(patches[300:])  # clone keeps the weights
print(describe_encoder("fmri-patches-mine"))

# %%
# The model of sounds: features are the power in 20 bands. ``fit`` learns the chain.
sounds = rng.standard_normal((300, 2000)).cumsum(axis=1)
sounds -= sounds.mean(axis=1, keepdims=True)


def band_power(X):
    """Logarithm of the power in 20 bands."""
    power = np.abs(np.fft.rfft(X, axis=1)[:, 1:]) ** 2
    return np.log(np.add.reduceat(power, np.geomspace(1, 900, 20).astype(int), axis=1))


cortex = band_power(sounds) @ rng.normal(size=(20, 10))
cortex += rng.standard_normal(cortex.shape) - cortex.mean(axis=0)
auditory = LinearEncoder(features=FunctionTransformer(band_power), n_components=20)
auditory.fit(sounds[:200], cortex[:200])
register_encoder(
    {**card, "model_id": "fmri-noise-mine", "stimuli": "sounds"},
    lambda: Bunch(encoder=auditory, metadata=None),
)
heard = fetch_encoder("fmri-noise-mine").encoder.predict(sounds[200:])

# %%
# Both stand in the catalog, beside the published ones.
table = list_encoders(built_only=True)
print(table[["stimuli", "training_dataset", "status"]])

fig, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
for ax, true, found, title in (
    (axes[0], voxels[300:, :15], predicted, "images"),
    (axes[1], cortex[200:], heard, "sounds"),
):
    ax.plot(true.ravel(), found.ravel(), ".", ms=2, alpha=0.5)
    ax.axline((0, 0), slope=1, color="0.5", lw=0.8)
    score = r2_score(true, found)
    ax.set(title=f"{title}: R2 = {score:.2f}", xlabel="measured", ylabel="predicted")
