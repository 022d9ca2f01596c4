"""
Train encoders of your own: voxels, electrodes, and sounds
==========================================================

An encoding model is features and a linear read-out. This example trains both published
kinds, voxels and EEG, on patches of two photographs, scores them against what noise
allows, and then swaps the photographs for sounds: nothing but the features changes.
"""

# %%
# The stimuli are 600 patches of scikit-learn's two photographs, the features a small
# network with fixed random filters. Any torch module serves, with the layers named;
# ``"vit_b_32"`` is the network of the published models.
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d
from sklearn.preprocessing import FunctionTransformer

from skneuro.encoding import EEGEncoder, LinearEncoder, VisionFeatures
from skneuro.metrics import encoding_scores, noise_ceiling, noise_ceiling_snr
from skneuro.plotting import plot_encoding_accuracy

patches = np.concatenate(
    [
        extract_patches_2d(image, (64, 64), max_patches=300, random_state=0)
        for image in load_sample_images().images
    ]
)
rng = np.random.default_rng(0)
patches = rng.permutation(patches)
train, test = slice(0, 500), slice(500, 600)

torch.manual_seed(0)
network = torch.nn.Sequential(
    torch.nn.Conv2d(3, 16, 8, stride=4), torch.nn.ReLU(), torch.nn.AvgPool2d(3)
)
features = VisionFeatures(network, layers=["1", "2"], image_size=64)
print(features.transform(patches[:2]).shape)

# %%
# The brain is made up: 120 voxels of two regions follow the pooled layer, seen three
# times each through noise. What noise allows comes from the repeats.
pooled = VisionFeatures(network, layers=["2"], image_size=64).transform(patches)
pooled = (pooled - pooled.mean(axis=0)) / pooled.std()
signal = pooled @ rng.normal(size=(pooled.shape[1], 120))
signal /= signal.std(axis=0)
noise = np.repeat([0.7, 2.0], 60)
trials = signal + noise * rng.standard_normal((3, *signal.shape))
regions = np.repeat(["V1", "EBA"], 60)

stimuli = np.tile(np.arange(100), 3)
ncsnr = noise_ceiling_snr(trials[:, test].reshape(300, -1), stimuli)
ceiling = noise_ceiling(ncsnr, n_repeats=3)

# %%
# Training and scoring: images in, responses out.
encoder = LinearEncoder(features=features, n_components=100, alpha=100.0)
encoder.fit(patches[train], trials[:, train].mean(axis=0))
scores = encoding_scores(
    trials[:, test].mean(axis=0), encoder.predict(patches[test]), ceiling=ceiling
)
for region in ("V1", "EBA"):
    explained = np.median(scores.explained_variance[regions == region])
    print(f"{region}: {explained:.0f} % of what noise allows")

# %%
# EEG has channels and times; the encoder keeps them, and picks some on request.
times = np.arange(-100.0, 400.0, 20.0)  # ms
course = np.exp(-(((times - 120) / 40) ** 2)) - 0.5 * np.exp(
    -(((times - 220) / 60) ** 2)
)
eeg = signal[:, :3, None] * course + 0.5 * rng.standard_normal((600, 3, len(times)))
eeg_encoder = EEGEncoder(
    features=features,
    ch_names=["O1", "Oz", "O2"],
    times=times,
    channels=["Oz"],
    tmin=0.0,
    n_components=100,
    alpha=100.0,
)
eeg_encoder.fit(patches[train], eeg[train])
predicted = eeg_encoder.predict(patches[test])
print(predicted.shape, eeg_encoder.ch_names_, eeg_encoder.times_[[0, -1]], "ms")

# %%
# Sounds instead of images: the features are the power in 20 bands of frequency, and any
# transformer can compute them. Text works the same, with a text embedding.
sounds = rng.standard_normal((300, 2000)).cumsum(axis=1)
sounds -= sounds.mean(axis=1, keepdims=True)


def band_power(X):
    """Logarithm of the power in 20 bands."""
    power = np.abs(np.fft.rfft(X, axis=1)[:, 1:]) ** 2
    return np.log(np.add.reduceat(power, np.geomspace(1, 900, 20).astype(int), axis=1))


bands = band_power(sounds)
cortex = bands @ rng.normal(size=(20, 10)) + rng.standard_normal((300, 10))
auditory = LinearEncoder(features=FunctionTransformer(band_power), n_components=20)
auditory.fit(sounds[:200], cortex[:200])
print(f"sounds: R2 = {auditory.score(sounds[200:], cortex[200:]):.2f}")

# %%
# Both regions are predicted close to their ceilings, which differ: grey bars are what
# noise allows. The EEG model finds when the electrode responds.
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.6), layout="constrained")
plot_encoding_accuracy(
    scores.r2, noise_ceiling=ceiling, groups=regions, label="r squared", ax=left
)
over_time = encoding_scores(eeg[test][:, 1:2, times >= 0], predicted).correlation[0]
right.plot(eeg_encoder.times_, over_time, label="correlation, measured and predicted")
right.plot(times, np.abs(course), color="0.6", label="size of the planted response")
right.set(xlabel="time after the image (ms)", title="Oz", ylim=(-0.25, 1.4))
right.legend(frameon=False, fontsize="small", loc="upper right")
