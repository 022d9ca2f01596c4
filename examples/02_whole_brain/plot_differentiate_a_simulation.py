"""
Differentiate a simulation
==========================

The equations of a model stand once, and derivatives come from them: of one step, and,
in torch, of whole runs. Here they tell when a push matters most, and find parameters of
a network from what it did.
"""

# %%
# A FitzHugh-Nagumo node that spikes by itself. ``simulate_torch`` repeats the compiled
# run to rounding, and autograd then gives the derivative of any loss by all of its
# input: here of the last value of x by the drive at each step before.
import matplotlib.pyplot as plt
import numpy as np
import torch

from skneuro.datasets import make_connectome
from skneuro.dynamics import FitzHughNagumo, Hopf, differentiate_step, simulate_torch

node = FitzHughNagumo(
    x_input=1.0, duration=None, dt=0.1, initial_state={"x": 0.0, "y": 0.1}
)
silence = np.zeros((1, 1, 2000))
drive = torch.zeros(1, 1, 2000, dtype=torch.float64, requires_grad=True)
x = simulate_torch(node, drive)["x"][0, 0]
compiled = node.fit_transform(silence)[0, 0]
print(
    "largest difference from compiled code:", abs(x.detach().numpy() - compiled).max()
)
(by_drive,) = torch.autograd.grad(x[-1], drive)

# %%
# One step alone: ``differentiate_step`` pulls derivatives by the new state back to all
# that the step depends on. That of y by x is what the oscillator's slow variable sees.
step = differentiate_step(node, {"y": 1.0}, {"x": 0.5, "y": 0.2})
print("d y(t + dt) / d x(t):", step["x"]["x"], "and by tau:", step["parameters"]["tau"])

# %%
# A network did something; which ``a`` and which coupling did it have? Gradient descent
# through 30 ms of the run, delays and noise included, finds both.
brain = make_connectome(n_nodes=10, random_state=0)
network = Hopf(
    brain.connectivity,
    brain.tract_lengths,
    a=-0.05,
    coupling=0.4,
    sigma=0.05,
    duration=30.0,
    dt=0.2,
    random_state=0,
)
target = torch.tensor(network.simulate()["x"].values)
guess = torch.tensor([-0.2, 0.1], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.LBFGS([guess], max_iter=8, line_search_fn="strong_wolfe")
path, losses = [], []


def loss():
    """Mean squared difference from what the network did."""
    optimizer.zero_grad()
    found = simulate_torch(network, parameters={"a": guess[0], "coupling": guess[1]})
    value = (found["x"][0] - target).square().mean()
    value.backward()
    path.append(guess.detach().numpy().copy())
    losses.append(value.item())
    return value


optimizer.step(loss)
path = np.array(path)
print(f"a = {guess[0]:.4f} (-0.05), coupling = {guess[1]:.4f} (0.4)")

fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
times = 0.1 * np.arange(1, 2001)
axes[0].plot(times, compiled, "0.6", label="x")
axes[0].plot(times, by_drive[0, 0] / 0.1, "C3", label="influence of a push")
axes[0].set(xlabel="time (ms)", ylim=(-2.4, 1.7), title="When a push moves the end")
axes[0].legend(frameon=False, loc="lower left")
axes[1].plot(path[:, 0], path[:, 1], "o-", ms=4)
axes[1].plot(-0.05, 0.4, "k*", ms=12, label="truth")
axes[1].set(xlabel="a (1/ms)", ylabel="coupling", title="Descent")
axes[1].legend(frameon=False)
axes[2].semilogy(losses, "o-", ms=4)
axes[2].set(xlabel="simulation", ylabel="mean squared error", title="Loss")
