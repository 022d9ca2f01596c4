"""
Areas that talk to each other
=============================

A sensory area sees the evidence, a motor area answers, and between them run only sparse
excitatory connections, as between areas of the cortex. We look at the connections that
are allowed, at those that were learned, and at which area decides [1]_.
"""

# %%
# Two areas of 40 units, four fifths of them excitatory. All units of an area may
# connect; half of the sensory excitatory units reach each motor unit, and a fifth of
# the motor ones reach back. Inhibition stays at home.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.datasets import make_perceptual_decision, score_task
from skneuro.metrics import selectivity_index
from skneuro.plotting import (
    plot_eigenvalues,
    plot_weight_distribution,
    plot_weights,
)
from skneuro.rnn import CTRNNRegressor, input_mask, multi_area_ei_mask, readout_mask

connected, signs, areas = multi_area_ei_mask(
    80, 2, connectivity=(0.5, 0.2), self_connections=False, random_state=0
)
sensory, motor = areas == 0, areas == 1
masks = {
    "input_mask": input_mask(80, 2, units=sensory),
    "recurrent_mask": connected,
    "output_mask": readout_mask(80, 2, units=motor & (signs > 0)),
}

# %%
# Signs and masks are all that the network needs to know about areas.
train = make_perceptual_decision(2000, random_state=0)
test = make_perceptual_decision(1100, random_state=1)
net = CTRNNRegressor(
    80,
    ei_mask=signs,
    **masks,
    preact_noise=0.15,
    noise_at_predict=True,
    lr=0.005,
    batch_size=32,
    max_epochs=10,
    random_state=0,
).fit(train.X, train.y, mask=train.mask)
score, outcomes = score_task(test, net.predict(test.X))
weights = net.recurrent_weights_
print(f"{100 * score:.1f} % correct; the paper asks for 85 %")
print(f"weights outside the mask: {np.count_nonzero(weights[connected == 0])}")

# %%
# The masks: what is allowed to come in, to recur, and to be read. Red excites, blue
# inhibits, and lines part the areas.
fig, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
plot_weights(masks["input_mask"], areas=areas, colorbar=False, ax=axes[0])
plot_weights(connected, areas=areas, colorbar=False, ax=axes[1])
plot_weights(masks["output_mask"], colorbar=False, ax=axes[2])

# %%
# What was learned (rows receive), how weights are distributed, and their eigenvalues:
# learning pulls a few of them out of the cloud.
naive = CTRNNRegressor(**net.get_params()).begin(2, 2)
fig, axes = plt.subplots(1, 3, figsize=(12.5, 3.8), layout="constrained")
plot_weights(weights, areas=areas, limit=np.quantile(np.abs(weights), 0.99), ax=axes[0])
for model, name in ((naive, "before"), (net, "after")):
    plot_weight_distribution(model.recurrent_weights_, label=name, ax=axes[1])
    circle = name == "before"
    plot_eigenvalues(model.recurrent_weights_, label=name, circle=circle, ax=axes[2])
axes[1].set_yscale("log")

# %%
# Where is the choice? The sensitivity d' of each unit, early and late in the stimulus.
# Without its way into the motor area, the network answers by chance.
rates = net.transform(test.X)
onset, offset = test.epochs["stimulus"][~outcomes.catch.to_numpy(bool)][0]
late = slice(offset - 10, offset)
fig, ax = plt.subplots(figsize=(5.4, 3.4), layout="constrained")
for name, area, color in (("sensory", sensory, "C0"), ("motor", motor, "C3")):
    middle = np.arange(onset + 5, offset, 5)
    size = [
        np.abs(
            selectivity_index(rates[:, area], test.labels, times=slice(t - 5, t))
        ).mean()
        for t in middle
    ]
    ax.plot(test.dt * (middle - onset), size, "o-", color=color, label=name)
ax.set(xlabel="Time of the stimulus (ms)", ylabel="Mean |d'| of units")
ax.legend()

senders = sensory & (signs > 0)
for name, units in (("sensory", senders), ("motor", motor & (signs > 0))):
    lesioned, _ = score_task(test, net.lesion(np.flatnonzero(units)).predict(test.X))
    print(f"without excitatory units of the {name} area: {100 * lesioned:.0f} %")

# %%
# References
# ----------
# .. [1] H. F. Song, G. R. Yang, X.-J. Wang (2016), PLoS Comput. Biol. 12, e1004792.
#    :doi:`10.1371/journal.pcbi.1004792`
