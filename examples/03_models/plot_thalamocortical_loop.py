"""
Cortex and thalamus in one network
==================================

Nodes of different models join into one network: here a cortical node and a thalamic
one, 13 ms apart. The spindles of the thalamus enter the cortex, and the activity of the
cortex decides whether there are any.
"""

# %%
# Each entry of ``nodes`` is a simulator. The couplings say which variable of one
# reaches which input of another: cortical cells excite relay cells and, more, reticular
# cells; relay cells excite the cortex.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone

from skneuro.dynamics import (
    NetworkSimulator,
    SubSample,
    ThalamicNode,
    WilsonCowan,
    simulate_batch,
)
from skneuro.metrics import power_spectrum


def couplings(to_thalamus):
    """Weights of the loop; the thalamus sends and receives rates in Hz."""
    return {
        ("cortex__exc", "thalamus__net_tcr"): to_thalamus,
        ("cortex__exc", "thalamus__net_trn"): 2 * to_thalamus,
        ("thalamus__rate", "cortex__net"): 0.015,
    }


loop = NetworkSimulator(
    [("cortex", WilsonCowan(exc_input=0.3, sigma=0.02)), ("thalamus", ThalamicNode())],
    couplings(10.0),
    delays=13.0,  # ms
    duration=20_000.0,
    monitor=SubSample(1.0),
    random_state=0,
)
series = loop.simulate()
seconds = series["time"] / 1000.0

fig, axes = plt.subplots(2, 2, figsize=(9, 5), layout="constrained")
axes[0, 0].plot(seconds, series["cortex__exc"][0], linewidth=0.5)
axes[0, 0].set(title="Joined by 13 ms", ylabel="cortex (active share)", xlim=(5, 20))
axes[1, 0].plot(seconds, series["thalamus__rate_tcr"][0], "C3", linewidth=0.5)
axes[1, 0].set(xlabel="time (s)", ylabel="relay cells (Hz)", xlim=(5, 20))

# %%
# With this input the cortex alone has no rhythm. In the loop, its spectrum has the peak
# of the spindles and their harmonic, and its own fast rhythm wakes during each spindle.
alone = clone(loop).set_params(connectivity=None).simulate()
for label, run in (("alone", alone), ("in the loop", series)):
    frequency, power = power_spectrum(run["cortex__exc"].values[:, 5000:], 1000.0)
    axes[0, 1].semilogy(frequency, power[0], label=label)
axes[0, 1].set(
    title="Spectrum of the cortex",
    xlim=(2, 80),
    ylim=(1e-6, 1e-2),
    xlabel="frequency (Hz)",
)
axes[0, 1].legend(frameon=False)

# %%
# The more the cortex excites the thalamus, the weaker the spindles: relay cells that
# are depolarised do not burst. Parameters of a group have nested names, here
# ``cortex__sigma``, and the sets run side by side.
drive = np.linspace(0.0, 40.0, 9)  # Hz
loop.set_params(record="thalamus__rate_tcr", duration=15_000.0)
for noise in (0.0, 0.02, 0.1):
    sets = [{"connectivity": couplings(w), "cortex__sigma": noise} for w in drive]
    rates = simulate_batch(loop, sets)[:, 0, 5000:]
    axes[1, 1].plot(drive, rates.std(axis=1), "o-", label=f"noise {noise}")
axes[1, 1].set(xlabel="cortex to thalamus (Hz)", ylabel="amplitude of spindles (Hz)")
axes[1, 1].legend(frameon=False)
plt.show()

# %%
# N. Jajcay, C. Cakan and K. Obermayer (2022), Front. Comput. Neurosci. 16, 769860,
# :doi:`10.3389/fncom.2022.769860`; M. Schellenberger Costa et al. (2016), PLoS Comput.
# Biol. 12, e1005022, :doi:`10.1371/journal.pcbi.1005022`.
