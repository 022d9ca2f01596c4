"""
Two populations decide: a task, its solution and where it rests
================================================================

Cognitive tasks are arrays of trials. This example makes the classic perceptual
decision, lets two populations that inhibit each other solve it without any training,
and finds the fixed points that make them decide [1]_.
"""

# %%
# A task holds inputs, targets, the steps that count, and a table of conditions. Trials
# may be of unequal length: catch trials, in which nothing is to be decided, are longer.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.datasets import make_perceptual_decision, score_task
from skneuro.metrics import (
    condition_average,
    find_fixed_points,
    fit_chronometric,
    fit_psychometric,
    response_times,
)
from skneuro.plotting import (
    plot_chronometric,
    plot_fixed_points,
    plot_psychometric,
    plot_trajectories,
    plot_trial,
)

task = make_perceptual_decision(4400, sigma_in=0.08, random_state=0)
print(task.DESCR.split("..")[0])
print(task.conditions.head())
shown = int(task.conditions.query("coherence == 16").index[0])
plot_trial(task, shown)

# %%
# Two populations receive one input each, excite themselves and inhibit each other.
# Their step is one function of states and inputs; it simulates all trials at once.
weights = np.array([[0.5, -1.2], [-1.2, 0.5]])
alpha = task.dt / 100.0  # time constant 100 ms


def rate(v):
    """Return firing rates of states."""
    return np.tanh(np.maximum(v, 0))


def step(v, x):
    """Return the states one step later."""
    return (1 - alpha) * v + alpha * (rate(v) @ weights.T + x)


v = np.zeros((len(task.X), 2))
states = np.empty_like(task.X)
for k in range(task.X.shape[2]):
    v = step(v, task.X[:, :, k])
    states[:, :, k] = v
rates = rate(states)

# %%
# The score is that of the publication: the larger output at the end of the decision.
# The table of outcomes gives the psychometric curve, and the time at which a rate
# passes a threshold gives the chronometric one.
score, outcomes = score_task(task, rates)
print(f"{100 * score:.1f} % correct")
choice_fit = fit_psychometric(
    outcomes.signed_coherence, np.where(outcomes.catch, -1, outcomes.choice == 0)
)
onset = task.epochs["stimulus"][:, 0]
times = response_times(rates, threshold=0.6, dt=task.dt, start=onset)
time_fit = fit_chronometric(outcomes.coherence, times)
print(f"threshold {choice_fit.scale:.1f} %, bias {choice_fit.location:.2f} %")

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
plot_psychometric(choice_fit, xlabel="Coherence (%)", ax=left)
plot_chronometric(time_fit, xlabel="Coherence (%)", ax=right)

# %%
# Why does it decide? Under the input of a stimulus without evidence there are three
# fixed points: one in each corner, which are stable, and one between, which is not and
# pushes trials apart. Without input, the corners remain: they remember the decision.
starts = states[:100].swapaxes(1, 2).reshape(-1, 2)[::5]
during = find_fixed_points(step, starts, [0.7, 0.7], dt=task.dt)
after = find_fixed_points(step, starts, [0.2, 0.2], dt=task.dt)
for name, found in (("during", during), ("after", after)):
    slowest = np.abs(found.time_constants).max(axis=1).round()
    print(name, found.points.round(2).tolist(), found.stable, slowest)

table = outcomes[["signed_coherence", "choice"]].where(outcomes.correct == 1)
averages, kinds = condition_average(states, table)
n_steps = task.epochs["stimulus"][shown, 1]

fig, ax = plt.subplots(figsize=(5.2, 4.6), layout="constrained")
plot_trajectories(averages[:, :, :n_steps], values=kinds.signed_coherence, ax=ax)
plot_fixed_points(during, np.eye(2), modes=1, ax=ax)
ax.set(xlabel="Population for left", ylabel="Population for right")
ax.set_title("Correct trials by coherence, and fixed points")

# %%
# References
# ----------
# .. [1] K.-F. Wong, X.-J. Wang (2006), J. Neurosci. 26, 1314-1328.
#    :doi:`10.1523/JNEUROSCI.3733-05.2006`
