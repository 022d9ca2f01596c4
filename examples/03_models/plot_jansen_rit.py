"""
Jansen and Rit: the alpha rhythm of a column
============================================

Pyramidal cells with an excitatory and an inhibitory loop. Input takes the column from
rest through an alpha rhythm to a fast silence [1]_.
"""

# %%
# 128 constant inputs side by side: lowest and highest potential, and the spectrum of
# each run.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import JansenRit, SubSample, simulate_batch
from skneuro.metrics import power_spectrum

inputs = np.linspace(0.0, 400.0, 128)  # Hz
column = JansenRit(duration=4000.0, random_state=0, monitor=SubSample(2.0))
potential = simulate_batch(column, [{"pyramidal_input": p} for p in inputs])[:, 0, 500:]
frequencies, power = power_spectrum(potential, sfreq=500.0, f_max=30.0)

# %%
# Noise keeps the column in motion; its spectrum at standard input peaks near 10 Hz.
noisy = column.set_params(duration=20_000.0, pyramidal_input=220.0, sigma=0.03)
eeg = noisy.fit_transform([[0.0]])[0, :, 500:]
_, noisy_power = power_spectrum(eeg, sfreq=500.0, f_max=30.0)

fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
axes[0].fill_between(inputs, potential.min(axis=1), potential.max(axis=1), alpha=0.2)
axes[0].plot(inputs, potential.min(axis=1), "C0", inputs, potential.max(axis=1), "C0")
axes[0].set(xlabel="input (Hz)", ylabel="potential (mV)", title="Bifurcation diagram")
image = axes[1].pcolormesh(
    inputs, frequencies[1:], np.log10(power.T[1:] + 1e-6), cmap="magma", vmin=-4
)
fig.colorbar(image, ax=axes[1], label="log10 power (mV$^2$)")
axes[1].set(xlabel="input (Hz)", ylabel="frequency (Hz)", title="Spectra")
axes[2].plot(np.arange(1000) * 2.0, eeg[0, :1000], "k", lw=0.8)
axes[2].set(xlabel="time (ms)", ylabel="potential (mV)", title="With noise")
inset = axes[2].inset_axes([0.62, 0.68, 0.36, 0.3])
inset.plot(frequencies, noisy_power[0], "C3")
inset.set_title("spectrum (Hz)", fontsize="small")
inset.set_yticks([])
print("peak at", frequencies[1:][noisy_power[0, 1:].argmax()], "Hz")

# %%
# References
# ----------
# .. [1] B. H. Jansen and V. G. Rit (1995), Biol. Cybern. 73, 357-366.
#    :doi:`10.1007/BF00199471`
