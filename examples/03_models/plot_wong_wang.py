"""
Wong and Wang: two populations, two rates
=========================================

Excitation that lasts, held by inhibition. With strong recurrence the same current
supports a low and a high rate: a memory [1]_.
"""

# %%
# Blue runs start low, red ones high. Where they end apart, the node is bistable.
import matplotlib.pyplot as plt
import numpy as np

from skneuro.dynamics import SubSample, WongWang, simulate_batch

currents = np.linspace(0.2, 0.42, 96)  # nA
starts = {
    "from below": {"s_exc": 0.01, "s_inh": 0.05},
    "from above": {"s_exc": 0.9, "s_inh": 0.05},
}
node = WongWang(inh_input=0.3, duration=4000.0, dt=0.5, monitor=SubSample(10.0))


def final_rates(recurrence, start):
    """Rate at the end of a run, for each current."""
    sets = [
        {"exc_input": c, "w_excexc": recurrence, "initial_state": start}
        for c in currents
    ]
    return simulate_batch(node, sets)[:, 0, -1]


fig, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
for ax, recurrence in zip(axes, (1.4, 3.0), strict=True):
    for (name, start), color in zip(starts.items(), ("C0", "C3"), strict=True):
        ax.plot(currents, final_rates(recurrence, start), color, label=name)
    ax.set(xlabel="excitatory current (nA)", ylabel="rate (Hz)")
    ax.set_title(f"recurrence {recurrence:g}")
axes[0].legend(frameon=False)

# %%
# A pulse of 200 ms switches the bistable node on; it stays on until inhibition switches
# it off.
pulses = np.zeros((1, 2, 60))  # 3 s in columns of 50 ms; one row per port
pulses[0, 0, 10:14], pulses[0, 1, 40:44] = 0.2, 0.4
memory = WongWang(
    w_excexc=3.0,
    exc_input=0.28,
    inh_input=0.3,
    inputs=("exc", "inh"),
    stimulus_interval=50.0,
    duration=None,
    dt=0.5,
    sigma=0.001,
    initial_state=starts["from below"],
    random_state=0,
)
rate = memory.fit_transform(pulses)[0, 0]
times = 0.5 * np.arange(len(rate)) / 1000  # s
fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
ax.plot(times, rate, "k", lw=0.8)
ax.axvspan(0.5, 0.7, color="C3", alpha=0.2, label="excitation")
ax.axvspan(2.0, 2.2, color="C0", alpha=0.2, label="inhibition")
ax.set(xlabel="time (s)", ylabel="rate (Hz)", title="A memory")
ax.legend(frameon=False)

# %%
# References
# ----------
# .. [1] G. Deco et al. (2014), J. Neurosci. 34, 7886-7898.
#    :doi:`10.1523/JNEUROSCI.5068-13.2014`
