r"""
A model of your own, in thirty lines
====================================

Van der Pol's oscillator [1]_, :math:`\ddot x = \mu (1 - x^2) \dot x - \omega^2 x + I`,
as a class that declares what it has and writes its equations once. Everything else
comes with it: networks, delays, noise, BOLD, batches, derivatives.
"""

# %%
# The equations are those of the paper, as two of first order; ``net`` is the delayed
# sum over the connectome.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.datasets import make_connectome
from skneuro.dynamics import BaseSimulator, Bold, differentiate_step, simulate_batch
from skneuro.plotting import plot_timeseries


class VanDerPol(BaseSimulator):
    """Simulate van der Pol oscillators coupled through a connectome."""

    parameters = {"damping": 0.02, "frequency": 0.06, "coupling": 1e-3, "y_input": 0.0}
    positive = ("frequency",)
    states = ("x", "y")
    noise = ports = ("y",)
    coupling_inputs = {"net": "x"}
    initial = {"x": (-2.0, 2.0), "y": (-0.1, 0.1)}
    output = "x"
    bold_input = ("x", 2.0, 1.0)

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Rise by damping below 1, fall above."""
        growth = p.damping * (1.0 - x.x * x.x) * x.y
        network = p.coupling * (net.net - p.net_strength * x.x)
        force = network + drive.y + noise.y
        return {"x": x.y, "y": growth - p.frequency * p.frequency * x.x + force}


# %%
# A single node: the amplitude is 2 whatever the damping, and strong damping makes the
# oscillation relax and slow down, by a known law [2]_. All values run side by side.
damping = np.geomspace(0.005, 0.5, 60)  # 1/ms
node = VanDerPol(duration=3000.0, dt=0.1, method="heun", random_state=0)
runs = simulate_batch(node, [{"damping": d} for d in damping])[:, 0, 10_000:]
rising = (runs[:, :-1] < 0) & (runs[:, 1:] >= 0)
first, last = rising.argmax(axis=1), runs.shape[1] - 2 - rising[:, ::-1].argmax(axis=1)
period = 0.1 * (last - first) / (rising.sum(axis=1) - 1)  # ms

# %%
# The same class on a connectome, with delays and noise, as activity and as BOLD.
brain = make_connectome(n_nodes=20, random_state=0)
network = VanDerPol(
    brain.connectivity,
    brain.tract_lengths,
    frequency=np.linspace(0.05, 0.07, 20),  # rad/ms, each region its own
    sigma=2e-4,
    duration=1000.0,
    dt=0.5,
    random_state=0,
)
x = network.fit_transform(np.zeros((1, 20)))[0]
network.set_params(monitor=Bold(t_r=1.0), duration=30_000.0)
print("BOLD:", network.fit_transform(np.zeros((1, 20))).shape)
step = differentiate_step(node, {"y": 1.0}, {"x": 1.5, "y": 0.1})
print("derivative of a step by the damping:", step["parameters"]["damping"])

fig, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
for d, color in ((0.02, "C0"), (0.3, "C3")):
    path = node.set_params(damping=d).simulate()
    axes[0].plot(
        path["x"][0, -3000:], path["y"][0, -3000:], color, label=f"{d:g} per ms"
    )
axes[0].set(xlabel="x", ylabel="y (1/ms)", title="Limit cycles", ylim=(-0.5, 0.8))
axes[0].legend(title="damping", frameon=False, loc="upper left", ncols=2)
axes[1].semilogx(damping, period, "C0", label="period")
axes[1].axhline(2 * np.pi / 0.06, color="0.6", ls=":", label="of small damping")
large = damping[damping > 0.06] / 0.06  # times the frequency
theory = ((3 - 2 * np.log(2)) * large + 7.014 * large ** (-1 / 3)) / 0.06
axes[1].plot(0.06 * large, theory, "k--", label="of large damping [2]")
axes[1].set(xlabel="damping (1/ms)", ylabel="period (ms)", title="Relaxation")
axes[1].legend(frameon=False)
plot_timeseries(x[::4], dt=0.5, offset=5.0, ax=axes[2])
axes[2].set_title("Five of twenty regions")

# %%
# References
# ----------
# .. [1] B. van der Pol (1926), Philos. Mag. 2, 978-992.
#    :doi:`10.1080/14786442608564127`
# .. [2] M. L. Cartwright (1952), in Contributions to the Theory of Nonlinear
#    Oscillations 2, 3-18, Princeton University Press.
