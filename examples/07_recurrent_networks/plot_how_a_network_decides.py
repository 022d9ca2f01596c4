"""
How a trained network decides: fixed points and stability
==========================================================

A network of excitatory and inhibitory units learns the perceptual decision of Song,
Yang and Wang [1]_. Its psychometric curve, its trajectories and the fixed points
between them show how evidence becomes a choice.
"""

# %%
# The task is that of the paper: coherences from 1 to 16 %, noise, catch trials.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.datasets import make_perceptual_decision, score_task
from skneuro.metrics import (
    condition_average,
    find_fixed_points,
    fit_psychometric,
    pca_trajectories,
    selectivity_index,
)
from skneuro.plotting import (
    plot_eigenvalues,
    plot_fixed_points,
    plot_psychometric,
    plot_trajectories,
    plot_trial,
)
from skneuro.rnn import CTRNNRegressor, network_step

train = make_perceptual_decision(2000, random_state=0)
test = make_perceptual_decision(1100, random_state=1)

# %%
# The network obeys Dale's law, with 80 % excitatory units, and is noisy.
net = CTRNNRegressor(
    50,
    ei_ratio=0.8,
    preact_noise=0.15,
    noise_at_predict=True,
    lr=0.005,
    batch_size=32,
    max_epochs=8,
    random_state=0,
).fit(train.X, train.y, mask=train.mask)
outputs = net.predict(test.X)
score, outcomes = score_task(test, outputs)
print(f"{100 * score:.1f} % correct; the paper asks for 85 %")

# %%
# A trial, and what the network answers (red).
shown = int(test.conditions.query("coherence == 4").index[0])
plot_trial(test, shown, output=outputs[shown])

# %%
# More evidence, fewer errors. The curve is a cumulative Gaussian.
chose_left = np.where(outcomes.catch, -1, outcomes.choice == 0)
fit = fit_psychometric(outcomes.signed_coherence, chose_left)
print(f"threshold {fit.scale:.1f} %, bias {fit.location:.1f} %")
plot_psychometric(fit, xlabel="Coherence (%)")

# %%
# Which units know? Their sensitivity d' during the stimulus, by type.
rates = net.transform(test.X)
stimulus = slice(*test.epochs["stimulus"][shown])
d_prime = np.abs(selectivity_index(rates, test.labels, times=stimulus))
print(f"mean |d'|: E {d_prime[:40].mean():.2f}, I {d_prime[40:].mean():.2f}")

# %%
# Fixed points of the noiseless network: with input but no evidence, and after it.
step, jacobian, rate = network_step(net)
starts = rates[:60].swapaxes(1, 2).reshape(-1, 50)[::6]
dt = test.dt
during = find_fixed_points(step, starts, [0.7, 0.7], jacobian=jacobian, dt=dt)
after = find_fixed_points(step, starts, [0.2, 0.2], jacobian=jacobian, dt=dt)
for name, found in (("stimulus", during), ("decision", after)):
    print(f"{name}: {found.stable.sum()} stable of {len(found.points)} fixed points")
    found.points = rate(found.points)  # to be drawn among rates

# %%
# Trajectories of rates leave a common path at a speed that grows with the evidence. The
# eigenvalues of the Jacobian say what grows: those outside the unit circle.
table = outcomes[["signed_coherence", "choice"]].where(outcomes.correct == 1)
averages, kinds = condition_average(rates[:, :, : stimulus.stop], table)
space = pca_trajectories(averages, n_components=2)

fig, (left, right) = plt.subplots(1, 2, figsize=(9.4, 4.4), layout="constrained")
values = kinds.signed_coherence
plot_trajectories(space.trajectories, values=values, ax=left)
plot_fixed_points(during, space.components, mean=space.mean, ax=left)
left.set(xlabel="PC 1", ylabel="PC 2", title="Rates during the stimulus")
least_stable = np.abs(during.eigenvalues[:, 0]).argmax()
plot_eigenvalues(during.eigenvalues[least_stable], ax=right)
right.set_title("Eigenvalues of the least stable point")

# %%
# References
# ----------
# .. [1] H. F. Song, G. R. Yang, X.-J. Wang (2016), PLoS Comput. Biol. 12, e1004792.
#    :doi:`10.1371/journal.pcbi.1004792`
