"""
Let every region fire at the same rate
======================================

Regions with many connections fire more than others, unless their inhibition makes up
for it. Feedback inhibition control finds how much each one needs [1]_.
"""

# %%
# A network of Wong-Wang nodes: without control, rates differ by tens of Hz.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.datasets import make_connectome
from skneuro.dynamics import FeedbackInhibitionControl, WongWang
from skneuro.plotting import plot_on_brain

brain = make_connectome(n_nodes=60, random_state=0)
network = WongWang(
    brain.connectivity,
    brain.tract_lengths,
    coupling=0.8,
    sigma=0.002,
    duration=5000.0,
    dt=0.5,
    random_state=0,
)
rest = np.zeros((1, 60))
free = network.fit_transform(rest)[0, :, 2000:].mean(axis=1)

# %%
# ``fit`` simulates a few times, each time with a better guess: the response of all
# rates to all inhibitions follows from the equations. It ends when every region fires
# at 3.06 Hz.
balanced = FeedbackInhibitionControl(network, tol=0.05).fit(rest)
print(f"{balanced.n_iter_} simulations, errors (Hz): {balanced.errors_.round(2)}")

# %%
# The inhibition that is needed grows with what a region receives.
fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
strength = brain.connectivity.sum(axis=1)
axes[0].plot(strength, free, "o", color="0.6", label="free")
axes[0].plot(strength, balanced.rates_, "o", color="C0", label="balanced")
axes[0].set(xlabel="input strength", ylabel="rate (Hz)", yscale="log", title="Rates")
axes[0].set_yticks([3, 10, 30], ["3", "10", "30"])
axes[0].minorticks_off()
axes[0].legend(frameon=False)
axes[1].plot(strength, balanced.inhibition_, "o", color="C3")
axes[1].set(xlabel="input strength", ylabel="inhibition (nA)", title="What it takes")
plot_on_brain(
    balanced.inhibition_,
    brain.centroids,
    views="top",
    label="inhibition (nA)",
    ax=axes[2],
)
axes[2].set_title("Where")

# %%
# References
# ----------
# .. [1] G. Deco et al. (2014), J. Neurosci. 34, 7886-7898.
#    :doi:`10.1523/JNEUROSCI.5068-13.2014`
