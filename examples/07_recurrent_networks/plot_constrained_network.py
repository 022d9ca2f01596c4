"""
A decision network that obeys Dale's law
========================================

A network of excitatory and inhibitory units learns to weigh noisy evidence, as monkeys
do when they judge moving dots. We train it, look at how it decides, and silence units.
"""

# %%
# Each trial brings noisy evidence for two choices over 800 ms, stronger by the
# coherence on one side; after it, the network has 200 ms to answer [1]_.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.rnn import CTRNNClassifier, CTRNNRegressor

DT = 20.0  # ms
rng = np.random.default_rng(0)
coherences = np.array([-0.512, -0.256, -0.128, -0.064, 0.064, 0.128, 0.256, 0.512])
coherence = rng.choice(coherences, size=1500)
n_times = 50
X = 0.2 + 0.5 * rng.standard_normal((1500, 2, n_times))
X[:, 0, :40] += 0.5 * (1 + coherence[:, None])
X[:, 1, :40] += 0.5 * (1 - coherence[:, None])
X = np.maximum(X, 0)
labels = np.where(coherence > 0, "right", "left")
mask = np.zeros((1500, n_times))
mask[:, 40:] = 1

# %%
# Four fifths of the units are excitatory: all their connections are positive, those of
# the others negative, during and after training. One constructor says all of it.
net = CTRNNClassifier(
    n_hidden=60,
    ei_ratio=0.8,
    tau=100.0,
    dt=DT,
    preact_noise=0.1,
    penalties={"rate_l2": 1e-3},
    lr=0.005,
    max_epochs=12,
    random_state=0,
)
train, test = slice(0, 1000), slice(1000, None)
net.fit(X[train], labels[train], mask=mask[train])
accuracy = net.score(X[test], labels[test], mask=mask[test])
weights = net.recurrent_weights_
print(f"correct: {accuracy:.2f}")
print(f"Dale's law: {(weights[:, :48] >= 0).all() and (weights[:, 48:] <= 0).all()}")

# %%
# Hidden rates come from ``transform``. Averaged over trials, they part with the
# evidence; the share of choices follows the psychometric curve. Without the two units
# that prefer "right" most, the network errs to the left.
rates = net.transform(X[test])
right = labels[test] == "right"
late = rates[:, :, 35:].mean(axis=2)
preference = late[right].mean(axis=0) - late[~right].mean(axis=0)
lesioned = net.lesion(np.argsort(preference)[-2:])

fig, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
limit = np.abs(weights).max()
axes[0].imshow(weights, cmap="RdBu_r", vmin=-limit, vmax=limit)
axes[0].set(xlabel="from unit", ylabel="to unit", title="Recurrent weights")
times = DT * np.arange(1, n_times + 1)
unit = np.argmax(preference)
for k, value in enumerate(coherences):
    average = rates[coherence[test] == value, unit].mean(axis=0)
    axes[1].plot(times, average, color=plt.cm.coolwarm(k / 7))
axes[1].set(xlabel="time (ms)", ylabel="rate", title="One unit, by coherence")
for model, name in ((net, "intact"), (lesioned, "2 units silent")):
    chosen = model.predict(X[test], mask=mask[test]) == "right"
    share = [chosen[coherence[test] == value].mean() for value in coherences]
    axes[2].plot(100 * coherences, share, "o-", label=name)
axes[2].set(xlabel="coherence (%)", ylabel='share of "right"', title="Choices")
axes[2].legend()

# %%
# Signals instead of choices are the regressor's: here the running difference of the
# evidence. In between there may be missing values; they do not count.
evidence = np.cumsum(X[:, :1] - X[:, 1:], axis=2) / 50
evidence[:, :, :5] = np.nan
tracker = CTRNNRegressor(
    n_hidden=60, ei_ratio=0.8, dt=DT, lr=0.005, max_epochs=8, random_state=0
).fit(X[train], evidence[train])
print(f"R2 of the running evidence: {tracker.score(X[test], evidence[test]):.2f}")

# %%
# References
# ----------
# .. [1] H. F. Song, G. R. Yang and X.-J. Wang (2016), PLoS Comput. Biol. 12, e1004792.
#    :doi:`10.1371/journal.pcbi.1004792`
