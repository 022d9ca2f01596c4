"""
Encoders of the cortical surface: regions, vertices, maps
=========================================================

The fsaverage models predict every vertex of the cortex from the activities of a vision
transformer [1]_. Here a miniature stands in their place, in the same files: it is known
which part of cortex sees colour and which sees edges, so that the maps can be checked.
"""

# %%
# The miniature has the 10,242 vertices of fsaverage5 in each hemisphere, and a network
# of two kinds of features: mean colours, and edges of a few orientations.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from nilearn.datasets import load_fsaverage
from sklearn.datasets import load_sample_images

from skneuro.datasets import fetch_nsd_fsaverage_vit
from skneuro.encoding import VisionFeatures, to_gifti
from skneuro.plotting import plot_on_fsaverage

torch.manual_seed(0)
angles = torch.arange(4) * np.pi / 4
y, x = torch.meshgrid(torch.arange(5.0) - 2, torch.arange(5.0) - 2, indexing="ij")
edges = torch.cos(angles)[:, None, None] * x + torch.sin(angles)[:, None, None] * y
filters = torch.nn.Conv2d(3, 7, 5, bias=False)
with torch.no_grad():
    filters.weight[:3] = torch.eye(3)[:, :, None, None] / 25  # mean red, green, blue
    filters.weight[3:] = edges[:, None] / 30
network = torch.nn.Sequential(filters, torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1))
backbone = VisionFeatures(network, image_size=64)

# %%
# Its weights: posterior vertices follow the edges, ventral ones the colours, the others
# nothing. With them come accuracies and the vertices of two regions.
mesh = load_fsaverage("fsaverage5")["pial"].parts
folder = Path(tempfile.mkdtemp())
place = folder / "encoding_models/modality-fmri/train_dataset-nsd_fsaverage"
for name in ("encoding_models_weights", "metadata"):
    (place / "model-vit_b_32" / name).mkdir(parents=True)

weights = {
    "scaler_param": {"mean_": np.full(7, 0.1), "scale_": np.full(7, 0.1)},
    "pca_param": {"mean_": np.zeros(7), "components_": np.eye(7, dtype=np.float32)},
}
fmri, accuracy = {}, {}
for side, hemisphere in (("lh", "left"), ("rh", "right")):
    _, back, up = mesh[hemisphere].coordinates.T
    posterior, ventral = back < -85, (up < -15) & (back > -70) & (back < -20)
    coef = np.zeros((len(back), 7))
    coef[posterior, 3:] = 0.5
    coef[ventral, :3] = [0.5, -0.2, -0.2]
    weights[f"{side}_reg_param"] = {"coef_": coef, "intercept_": np.zeros(len(back))}
    fmri[f"{side}_ncsnr"] = (posterior + ventral).astype(np.float32)
    fmri[f"{side}_fsaverage_rois"] = {
        "early": np.flatnonzero(posterior),
        "ventral": np.flatnonzero(ventral),
    }
    accuracy[f"{side}_r2"] = 0.3 * (posterior + ventral)
for name, content in (
    ("encoding_models_weights/weights", weights),
    ("metadata/metadata", {"fmri": fmri, "encoding_models": accuracy}),
):
    np.save(place / "model-vit_b_32" / f"{name}_subject-01.npy", content)

# %%
# Fetched whole, the encoder predicts all vertices, left then right. Leave ``features``
# out for the published models: their network is fetched as well.
where = {"berg_dir": folder, "data_home": folder / "cache", "features": backbone}
images = load_sample_images().images
brain = fetch_nsd_fsaverage_vit(subject=1, **where)
responses = brain.encoder.predict(images)
print(responses.shape, brain.metadata["hemisphere"].value_counts().to_dict())

# %%
# A region is a slice of that, cut out before anything is read from the disk. Several
# are united; vertices can also be named by masks or numbers.
early = fetch_nsd_fsaverage_vit(subject=1, roi="early", **where)
inside = brain.metadata["early"].to_numpy()
assert np.allclose(early.encoder.predict(images), responses[:, inside], atol=1e-5)
for roi in ("early", "ventral"):
    mean = responses[:, brain.metadata[roi]].mean(axis=1)
    print(f"{roi}: temple {mean[0]:.2f}, flower {mean[1]:.2f} (z)")

# %%
# GIfTI files open in any surface viewer.
left = brain.metadata["hemisphere"] == "left"
surfaces = to_gifti(responses, brain.metadata["hemisphere"], n_vertices=10_242)
surfaces["left"].to_filename(folder / "left.func.gii")

# %%
# Seen from below: ventral cortex likes the red flower and not the temple, the posterior
# pole answers to the edges of both. Vertices that see nothing are not coloured.
fig, axes = plt.subplots(
    1, 3, figsize=(12, 3.6), subplot_kw={"projection": "3d"}, layout="constrained"
)
for ax, values, label in (
    (axes[0], responses[0, left], "temple (z)"),
    (axes[1], responses[1, left], "flower (z)"),
    (axes[2], responses[1, left] - responses[0, left], "flower - temple (z)"),
):
    largest = np.abs(values).max()
    plot_on_fsaverage(
        np.where(values == 0, np.nan, values),
        view="ventral",
        cmap="coolwarm",
        vmin=-largest,
        vmax=largest,
        label=label,
        ax=ax,
    )

# %%
# References
# ----------
# .. [1] E. J. Allen et al. (2022), Nat. Neurosci. 25, 116-126.
#    :doi:`10.1038/s41593-021-00962-x`
