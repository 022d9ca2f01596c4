"""
Working memory with many time constants
=======================================

Neurons differ in how long they remember: time constants spread over orders of magnitude
within and across cortical areas [1]_. Networks whose units all have the same one are
compared with networks in which they differ, and are learned, on a working memory.
"""

# %%
# Of two frequencies, one before and one after a delay, the higher one is asked [2]_.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skneuro.datasets import make_parametric_working_memory, score_task
from skneuro.metrics import selectivity_index
from skneuro.plotting import plot_trial
from skneuro.rnn import CTRNNRegressor

options = {"stimulus": 300.0, "delay": (300.0, 900.0)}
train = make_parametric_working_memory(2000, random_state=0, **options)
test = make_parametric_working_memory(550, random_state=1, **options)
plot_trial(test, int(test.conditions.query("f1 == 34").index[0]))

# %%
# Sixty units each: fast ones, slower ones, and a mixture from 25 to 450 ms, evenly on a
# logarithmic scale, whose time constants are learned within bounds.
n_units = 60
mixed = np.geomspace(25.0, 450.0, n_units)
mixed = np.random.default_rng(0).permutation(mixed)
kinds = {
    "25 ms": {"tau": 25.0},
    "100 ms": {"tau": 100.0},
    "mixed, learned": {"tau": mixed, "learn_tau": True, "tau_bounds": (20.0, 500.0)},
}
nets, rows = {}, {}
for name, kind in kinds.items():
    net = CTRNNRegressor(
        n_units,
        ei_ratio=0.8,
        preact_noise=0.05,
        noise_at_predict=True,
        lr=0.003,
        batch_size=32,
        max_epochs=12,
        random_state=0,
        **kind,
    ).fit(train.X, train.y, mask=train.mask)
    outputs = net.predict(test.X)
    worst, outcomes = score_task(test, outputs)
    nets[name] = net
    rows[name] = {"worst pair": worst, "all pairs": outcomes.correct.mean()}
print(pd.DataFrame(rows).T.round(2))

# %%
# Fast units learn to remember much later, since their connections alone have to hold
# what is gone. In the mixture, time constants move little, and the first frequency is
# held by units of all of them: at the end of the delay, rates of fast and of slow units
# tell high from low first frequencies. Each dot is a unit.
net = nets["mixed, learned"]
rates = net.transform(test.X)
high = np.where(test.conditions.catch, -1, test.conditions.f1 > 20)
end = test.epochs["f2"][:, 0].astype(int)
before = np.stack(
    [rates[i, :, max(k - 5, 0) : k + 1].mean(axis=1) for i, k in enumerate(end)]
)
sensitivity = np.abs(selectivity_index(before[:, :, None], high))

fig, axes = plt.subplots(1, 3, figsize=(11.5, 3.4), layout="constrained")
for name, net_of_kind in nets.items():
    loss = [epoch["train_loss"] for epoch in net_of_kind.history_]
    axes[0].semilogy(np.arange(1, len(loss) + 1), loss, label=name)
axes[0].set(xlabel="Pass over the trials", ylabel="Loss")
axes[0].legend()
axes[1].loglog([25, 450], [25, 450], color="0.8")
axes[1].loglog(mixed, net.tau_, ".")
axes[1].set(xlabel="Initial time constant (ms)", ylabel="Learned (ms)")
axes[2].semilogx(net.tau_, sensitivity, ".")
axes[2].set(xlabel="Time constant (ms)", ylabel="|d'| of f1 at the end of the delay")
ticks = [25, 50, 100, 200, 400]
for axis in (axes[1].xaxis, axes[1].yaxis, axes[2].xaxis):
    axis.set_ticks(ticks, [f"{tick}" for tick in ticks])
    axis.set_ticks([], minor=True)

# %%
# References
# ----------
# .. [1] J. D. Murray et al. (2014), Nat. Neurosci. 17, 1661-1663.
#    :doi:`10.1038/nn.3862`
# .. [2] R. Romo, C. D. Brody, A. Hernández, L. Lemus (1999), Nature 399, 470-473.
#    :doi:`10.1038/20939`
