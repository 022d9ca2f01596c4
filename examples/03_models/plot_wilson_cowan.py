"""
Wilson and Cowan: rest, rhythm, saturation
==========================================

An excitatory and an inhibitory population. More drive turns rest into a rhythm and the
rhythm into saturation; drives of both populations span the map of regimes [1]_.
"""

# %%
# 41 x 41 pairs of drives are simulated side by side, in lanes of vectors. Where the
# late activity still moves, the node oscillates.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import SubSample, WilsonCowan, simulate_batch

exc, inh = np.linspace(0.5, 3.5, 41), np.linspace(0.0, 2.0, 41)
node = WilsonCowan(
    duration=300.0, random_state=0, monitor=SubSample(1.0), record=("exc", "inh")
)
runs = simulate_batch(
    node, [{"exc_input": e, "inh_input": i} for i in inh for e in exc]
)
late = runs[:, 0, 150:].reshape(len(inh), len(exc), -1)
amplitude = np.ptp(late, axis=-1)

# %%
# One row of the map as a diagram, and one rhythm in the plane, with the curves on which
# one of the two populations rests: the equations are called with plain arrays here.
line = simulate_batch(
    node.set_params(duration=600.0),
    [{"exc_input": e, "inh_input": 0.0} for e in np.linspace(0, 4, 240)],
)[:, 0, 300:]
cycle = node.set_params(exc_input=1.5, inh_input=0.0, monitor="raw", duration=100.0)
cycle = cycle.simulate()

fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
image = axes[0].pcolormesh(exc, inh, amplitude, cmap="magma", shading="nearest")
fig.colorbar(image, ax=axes[0], label="amplitude of the rhythm")
axes[0].set(xlabel="excitatory drive", ylabel="inhibitory drive", title="Regimes")
drive = np.linspace(0, 4, 240)
low, high = line.min(axis=1), line.max(axis=1)
axes[1].fill_between(drive, low, high, color="C0", alpha=0.2)
axes[1].plot(drive, low, "C0", drive, high, "C0")
axes[1].set(xlabel="excitatory drive", ylabel="activity", title="Inhibitory drive 0")


def sigmoid(v):
    """Response of both populations."""
    return 1 / (1 + np.exp(-node.a_exc * (v - node.mu_exc)))


e, i = np.meshgrid(np.linspace(0, 0.5, 200), np.linspace(0, 0.5, 200))
rest_exc = -e + (1 - e) * sigmoid(node.c_excexc * e - node.c_inhexc * i + 1.5)
rest_inh = -i + (1 - i) * sigmoid(node.c_excinh * e - node.c_inhinh * i)
axes[2].contour(e, i, rest_exc, [0], colors="C3")
axes[2].contour(e, i, rest_inh, [0], colors="C0")
axes[2].plot(cycle["exc"][0], cycle["inh"][0], "k", lw=1)
axes[2].set(
    xlabel="excitatory activity",
    ylabel="inhibitory activity",
    title="Where one of the two rests",
)

# %%
# References
# ----------
# .. [1] H. R. Wilson and J. D. Cowan (1972), Biophys. J. 12, 1-24.
#    :doi:`10.1016/S0006-3495(72)86068-5`
