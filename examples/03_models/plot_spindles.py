"""
Spindles of the thalamus
========================

Relay cells and reticular cells of the thalamus make sleep spindles on their own: bursts
of 12 to 15 Hz that wax and wane. Calcium ends each of them, and conductances that
neuromodulators set decide whether there are any.
"""

# %%
# Thirty seconds of one thalamic node with the standard parameters of Costa et al. Every
# burst lets calcium into the relay cells, which locks their h channels open; the locked
# channels depolarise the cells until they burst no more, and release takes seconds.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import SubSample, ThalamicNode, simulate_batch

thalamus = ThalamicNode(duration=30_000.0, monitor=SubSample(1.0), random_state=0)
series = thalamus.simulate().isel(node=0)
seconds = series["time"] / 1000.0

fig, (top, bottom) = plt.subplots(2, figsize=(6, 5), layout="constrained")
top.plot(seconds, series["v_tcr"], linewidth=0.5)
top.set(title="Spindles", ylabel="relay cells (mV)", xlim=(5, 30), ylim=(-75, -45))
bottom.plot(seconds, series["m_h2"], "C3")
bottom.set(
    xlabel="time (s)", ylabel="locked h channels", xlim=(5, 30), ylim=(0.08, 0.13)
)

# %%
# One spindle from nearby: each burst of the relay cells is answered by one of the
# reticular cells, whose inhibition prepares the next.
loudest = 5000 + int(np.abs(np.diff(series["v_tcr"].values))[5000:-1000].argmax())
near = slice(loudest - 500, loudest + 500)
fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
ax.plot(seconds[near], series["v_tcr"][near], label="relay")
ax.plot(seconds[near], series["v_trn"][near], label="reticular")
ax.set(title="One spindle", xlabel="time (s)", ylabel="potential (mV)")
ax.legend(frameon=False)

# %%
# The two conductances that neuromodulators change, side by side: how much the amplitude
# of each run comes and goes. Dark is a steady rhythm or rest, bright are spindles.
leak, h_channels = np.linspace(0.014, 0.04, 14), np.linspace(0.045, 0.075, 8)
sets = [{"g_k_leak": g, "g_h": h} for h in h_channels for g in leak]
thalamus.set_params(duration=12_000.0, record="v_tcr")
potential = simulate_batch(thalamus, sets)[:, 0, 4000:]
amplitude = potential.reshape(len(sets), -1, 250).std(axis=2)
comes_and_goes = np.ptp(amplitude, axis=1).reshape(len(h_channels), len(leak))
fig, ax = plt.subplots(figsize=(6, 4), layout="constrained")
image = ax.pcolormesh(leak, h_channels, comes_and_goes, cmap="magma")
ax.plot(0.018, 0.062, "wo", markerfacecolor="none", label="standard")
ax.set(xlabel="potassium leak (mS/cm²)", ylabel="h conductance (mS/cm²)")
ax.legend(frameon=False, labelcolor="white")
fig.colorbar(image, ax=ax, label="change of amplitude (mV)")
plt.show()

# %%
# M. Schellenberger Costa et al. (2016), PLoS Comput. Biol. 12, e1005022,
# :doi:`10.1371/journal.pcbi.1005022`.
