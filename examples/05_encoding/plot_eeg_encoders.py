"""
Encoders of EEG: channels, times, repeats
=========================================

The EEG models predict the time course of every electrode after an image [1]_. A
miniature in their files stands in their place here: occipital electrodes answer to
contrast after 100 ms, parietal ones to colour after 200 ms.
"""

# %%
# The miniature: 17 electrodes, a time every 5 ms, and two features, contrast and
# redness. Four regressions, one per repeat of training, differ by a little noise.
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from mne.viz import plot_topomap
from sklearn.datasets import load_sample_images

from skneuro.datasets import fetch_things_eeg2_vit
from skneuro.encoding import VisionFeatures, to_mne, to_xarray


class Statistics(torch.nn.Module):
    """Contrast and redness of images."""

    def forward(self, images):
        """Map (n_images, 3, size, size) to (n_images, 2)."""
        contrast = images.mean(dim=1).std(dim=(1, 2))
        redness = (images[:, 0] - images[:, 1:].mean(dim=1)).mean(dim=(1, 2))
        return torch.stack([contrast, redness], dim=1)


backbone = VisionFeatures(Statistics(), image_size=64, mean=(0, 0, 0), std=(1, 1, 1))
names = "Pz P3 P7 O1 Oz O2 P4 P8 PO7 PO3 POz PO4 PO8 Cz Fz F3 F4".split()
times = np.arange(-0.1, 0.6, 0.005)  # s, as in the files
rng = np.random.default_rng(0)

occipital = np.array([name.startswith(("O", "PO")) for name in names], float)
parietal = np.array([name.startswith("P") for name in names], float)
early = np.exp(-(((times - 0.1) / 0.03) ** 2))
late = -np.exp(-(((times - 0.2) / 0.06) ** 2))
coef = np.stack([np.outer(occipital, early), np.outer(parietal, late)], axis=-1)
regressions = {
    f"rep-{i}": {
        "coef_": coef.reshape(-1, 2) + 0.05 * rng.standard_normal((coef.size // 2, 2)),
        "intercept_": np.zeros(coef.size // 2),
    }
    for i in range(1, 5)
}
weights = {
    "scaler_param": {"mean_": np.array([0.2, 0.0]), "scale_": np.array([0.05, 0.1])},
    "pca_param": {"mean_": np.zeros(2), "components_": np.eye(2, dtype=np.float32)},
    "reg_param": regressions,
}
correlation = np.outer(occipital, early) * 0.6 - np.outer(parietal, late) * 0.3
metadata = {
    "eeg": {"ch_names": names, "times": times},
    "encoding_models": {"correlation_averaged_repetitions": correlation},
}
folder = Path(tempfile.mkdtemp())
place = folder / "encoding_models/modality-eeg/train_dataset-things_eeg_2"
for kind, content in (
    ("encoding_models_weights/weights", weights),
    ("metadata/metadata", metadata),
):
    path = place / "model-vit_b_32" / f"{kind}_subject-01.npy"
    path.parent.mkdir(parents=True)
    np.save(path, content)

# %%
# All channels and times, the mean over repeats, which predicts best.
where = {"berg_dir": folder, "data_home": folder / "cache", "features": backbone}
images = load_sample_images().images
eeg = fetch_things_eeg2_vit(subject=1, **where)
responses = eeg.encoder.predict(images)
print(responses.shape, "images, channels, times from", eeg.times[[0, -1]], "ms")
print(eeg.metadata.sort_values("correlation", ascending=False).head(3))

# %%
# Some channels, in your order, and a window of time; or all four repeats. The repeats
# are no samples of the noise: each is a model of its own.
some = fetch_things_eeg2_vit(1, channels=["Oz", "Pz"], tmin=0, tmax=300, **where)
print(some.encoder.predict(images).shape, some.encoder.ch_names_)
repeats = fetch_things_eeg2_vit(1, channels=["Oz"], repeats="all", **where)
every = repeats.encoder.predict(images)
print(every.shape, "images, repeats, channels, times")

# %%
# Responses become objects of MNE, with a montage for maps, or labelled arrays. MNE
# takes EEG for volts; these are standard deviations of the baseline.
epochs = to_mne(responses, names, eeg.times, montage="biosemi64")
labelled = to_xarray(responses, ch_names=names, times=eeg.times)
print(labelled.sel(channel="Oz").sel(time=100, method="nearest").values)

# %%
# The temple has much contrast, which occipital electrodes show first; the red flower
# drives parietal ones later. Thin lines are the four repeats.
fig, axes = plt.subplots(
    1, 4, figsize=(12, 3), width_ratios=[2, 2, 1.4, 1.4], layout="constrained"
)
for ax, name in zip(axes, ("Oz", "Pz"), strict=False):
    for image, title in enumerate(("temple", "flower")):
        line = responses[image, names.index(name)]
        ax.plot(eeg.times, line, color=f"C{image}", label=title)
        if name == "Oz":
            ax.plot(eeg.times, every[image, :, 0].T, color=f"C{image}", lw=0.4)
    ax.set(title=name, xlabel="time after the image (ms)")
    ax.axvline(0, color="0.7", lw=0.8)
axes[0].set_ylabel("response (baseline SD)")
axes[1].legend(frameon=False)
for ax, image, time in ((axes[2], 0, 100), (axes[3], 1, 200)):
    at = np.argmin(np.abs(eeg.times - time))
    values = epochs.get_data()[image, :, at]
    limits = -np.abs(values).max(), np.abs(values).max()
    drawn, _ = plot_topomap(values, epochs.info, vlim=limits, axes=ax, show=False)
    fig.colorbar(drawn, ax=ax, shrink=0.7, label="baseline SD")
    ax.set_title(f"{('temple', 'flower')[image]}, {time} ms")

# %%
# References
# ----------
# .. [1] A. T. Gifford, K. Dwivedi, G. Roig, R. M. Cichy (2022), NeuroImage 264,
#    119754. :doi:`10.1016/j.neuroimage.2022.119754`
