"""
Cortex and thalamus in one network
==================================

Nodes of different models join into one network: here a cortical one of spiking neurons
with adaptation, and a thalamic one, 13 ms apart. Asleep, the cortex has its slow
oscillation and the thalamus its spindles; joined, each shapes the other.
"""

# %%
# Each entry of ``nodes`` is a simulator. The couplings say which variable of one
# reaches which input of another: cortical cells excite relay cells and reticular cells,
# relay cells excite the cortex, whose input has a mean and, from squared weights, a
# variance. All rates are in Hz.
import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, hilbert, sosfiltfilt
from sklearn.base import clone

from skneuro.dynamics import (
    ALN,
    NetworkSimulator,
    SubSample,
    ThalamicNode,
    simulate_batch,
)


def couplings(to_thalamus=2.4, to_cortex=0.05):
    """Weights of the loop."""
    return {
        ("cortex__rate_exc", "thalamus__net_tcr"): to_thalamus,
        ("cortex__rate_exc", "thalamus__net_trn"): to_thalamus,
        ("thalamus__rate", "cortex__net"): to_cortex,
        ("thalamus__rate", "cortex__net_squared"): to_cortex,
    }


cortex = ALN(
    exc_input=3.4,
    inh_input=3.5,
    coupling=0.4,
    b=15.0,
    tau_adaptation=1000.0,
    sigma=0.05,
)
thalamus = ThalamicNode(g_k_leak=0.032, sigma={"tcr": 0.005})
loop = NetworkSimulator(
    [("cortex", cortex), ("thalamus", thalamus)],
    couplings(),
    delays=13.0,  # ms
    duration=60_000.0,
    monitor=SubSample(1.0),
    record=("cortex__rate_exc", "thalamus__rate_tcr"),
    random_state=0,
)
joined = loop.simulate()
alone = clone(loop).set_params(connectivity=None).simulate()

# %%
# Alone, the thalamus makes a spindle every few seconds, and the cortex goes up and down
# by its adaptation. In the loop it takes the thalamus along.
fig, axes = plt.subplots(2, figsize=(6, 5), layout="constrained")
seconds = joined["time"] / 1000.0
for ax, name, label in (
    (axes[0], "cortex__rate_exc", "cortex (Hz)"),
    (axes[1], "thalamus__rate_tcr", "relay cells (Hz)"),
):
    ax.plot(seconds, alone[name][0], "0.7", linewidth=0.8, label="alone")
    ax.plot(seconds, joined[name][0], linewidth=0.8, label="in the loop")
    ax.set(ylabel=label, xlim=(10, 18))
axes[0].legend(frameon=False, ncols=2)
axes[1].set(xlabel="time (s)")

# %%
# Spindles then follow the slow oscillation: their amplitude, between 10 and 16 Hz,
# around the moments at which the cortex goes up. Without the way from the cortex to the
# thalamus they come at any time.
band = butter(2, (10.0, 16.0), "bandpass", fs=1000.0, output="sos")
one_way = clone(loop).set_params(connectivity=couplings(to_thalamus=0.0)).simulate()
fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
for run, color, label in ((one_way, "0.7", "one way"), (joined, "C0", "loop")):
    amplitude = np.abs(hilbert(sosfiltfilt(band, run["thalamus__rate_tcr"].values[0])))
    rate = uniform_filter1d(run["cortex__rate_exc"].values[0], 100)
    onsets = np.flatnonzero((rate[:-1] < 5.0) & (rate[1:] >= 5.0))
    onsets = onsets[(onsets > 5000) & (onsets < 58_000)]
    around = np.arange(-1000, 1500)
    mean = amplitude[onsets[:, None] + around].mean(axis=0)
    ax.plot(around / 1000.0, mean, color, label=label)
ax.set(xlabel="time from the start of up states (s)", ylabel="spindles (Hz)")
ax.legend(frameon=False)

# %%
# The more the thalamus excites the cortex, the shorter the down states. Parameters of a
# group have nested names, ``thalamus__g_k_leak``, a pattern such as ``*__sigma`` sets
# those of several groups, and the sets run side by side.
weights = np.linspace(0.0, 0.12, 9)
sets = [
    {"connectivity": couplings(to_cortex=w), "thalamus__g_k_leak": leak}
    for leak in (0.018, 0.032)
    for w in weights
]
rates = simulate_batch(loop.set_params(duration=20_000.0), sets)[:, 0, 4000:]
down = (rates < 2.0).mean(axis=1).reshape(2, -1)
fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
ax.plot(weights, down[0], "o-", label="potassium leak 0.018 mS/cm²")
ax.plot(weights, down[1], "o-", label="0.032 mS/cm²")
ax.set(xlabel="thalamus to cortex", ylabel="share of down states")
ax.legend(frameon=False)
plt.show()

# %%
# N. Jajcay, C. Cakan and K. Obermayer (2022), Front. Comput. Neurosci. 16, 769860,
# :doi:`10.3389/fncom.2022.769860`; M. Schellenberger Costa et al. (2016), PLoS Comput.
# Biol. 12, e1005022, :doi:`10.1371/journal.pcbi.1005022`.
