"""
From oscillations to sensors and envelopes
==========================================

A simulated brain as EEG and MEG see it: narrow-band amplitudes, connectivity of their
envelopes, and a projection to sensors, each step a scikit-learn transformer.
"""

# %%
# Noisy regions below the onset of their 10 Hz rhythm.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from skneuro.datasets import make_connectome
from skneuro.dynamics import Hopf, LeadField
from skneuro.metrics import (
    AnalyticSignal,
    BandPassFilter,
    Resampler,
    coherence,
    connectivity_to_vector,
    envelope_connectivity,
    metastability,
)
from skneuro.plotting import plot_on_brain, plot_timeseries

brain = make_connectome(n_nodes=40, random_state=0)
hopf = Hopf(
    brain.connectivity,
    brain.tract_lengths,
    a=-0.005,
    frequency=2 * np.pi * 0.01,  # rad/ms: 10 Hz
    coupling=0.1,
    sigma=0.003,
    duration=60_000.0,
    dt=0.5,
    random_state=0,
)
simulate = make_pipeline(hopf, Resampler(200.0, sfreq=2000.0))
sources = simulate.fit_transform(np.zeros((1, 40)))  # (1, 40, 12000) at 200 Hz

# %%
# The alpha band, its amplitudes, and how much synchrony of its phases comes and goes.
alpha = BandPassFilter(8.0, 12.0, sfreq=200.0).fit_transform(sources)
amplitude = AnalyticSignal("amplitude").fit_transform(alpha)[0]
print(f"metastability of the phases: {metastability(alpha[0], discard=200):.2f}")

# %%
# Sensors on a cap of 9.5 cm around dipoles that point outwards. In a homogeneous
# medium the potential of a dipole falls with the square of the distance; a head model
# of MNE takes the place of this formula by ``lead_field_from_mne``.
height = np.linspace(0.15, 1.0, 32)
angle = np.pi * (1 + np.sqrt(5)) * np.arange(32)
cap = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.sqrt(1 - height**2)[:, None]
cap = 95.0 * np.column_stack([cap, height]) + [0, -17, 0]  # mm
outward = brain.centroids - [0, -17, 0]
outward = outward / np.linalg.norm(outward, axis=1, keepdims=True)
away = cap[:, None] - brain.centroids  # (n_sensors, n_sources, 3)
matrix = (away * outward).sum(axis=-1) / np.linalg.norm(away, axis=-1) ** 3
eeg = LeadField(matrix, reference="average").fit_transform(sources)

# %%
# Sensors share sources without delay, so that their amplitudes seem to go together.
# Orthogonalised, what is shared without delay is gone [1]_.
frequencies, at_sensors = coherence(eeg[0], 200.0, f_max=30.0)
_, at_sources = coherence(sources[0], 200.0, f_max=30.0)
envelopes = {
    name: connectivity_to_vector(
        envelope_connectivity(eeg[0], 200.0, orthogonalize=orthogonalize)
    )
    for name, orthogonalize in (("plain", False), ("orthogonalised", True))
}

fig, axes = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
plot_timeseries(sources[0, :5, :600], dt=5.0, ax=axes[0, 0])
axes[0, 0].set_title("Sources")
plot_on_brain(
    amplitude.mean(axis=1),
    brain.centroids,
    views=("left", "top"),
    label="x",
    ax=axes[0, 1],
)
axes[0, 1].set_title("Mean amplitude of alpha")
for name, pairs in envelopes.items():
    axes[1, 0].hist(pairs, np.linspace(-0.2, 1, 61), alpha=0.6, label=name)
axes[1, 0].set(xlabel="correlation", ylabel="pairs", title="Envelopes of sensors")
axes[1, 0].legend(frameon=False)
for c, name in ((at_sensors, "sensors"), (at_sources, "sources")):
    mean = connectivity_to_vector(np.moveaxis(c, -1, 0)).mean(axis=1)
    axes[1, 1].plot(frequencies, mean, label=name)
axes[1, 1].set(xlabel="frequency (Hz)", ylabel="mean coherence", title="Coherence")
axes[1, 1].legend(frameon=False)

# %%
# References
# ----------
# .. [1] J. F. Hipp et al. (2012), Nat. Neurosci. 15, 884-890. :doi:`10.1038/nn.3101`
