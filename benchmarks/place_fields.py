"""Count place cells of trained and of untrained networks, three seeds.

python benchmarks/place_fields.py          # writes results/place_fields.md and .png

Each seed has its own arena, paths, network and shuffles. A unit counts as soon as its
rate tells more about the place than 99 % of 1000 shuffles, which shift rates in time
against the path, around the recording, by at least 20 s: the test of Langston et al.
(2010), doi:10.1126/science.1188210. In the task named motion a network gets a glimpse
and then its velocity; in the one named view, the views of Wang et al. (2024),
doi:10.48550/arXiv.2408.05798, with random gaps.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
from report import describe_machine, markdown_table

HERE = Path(__file__).parent
N_UNITS, N_TRAIN, N_TEST, N_SHUFFLES = 128, 5000, 1000, 1000
MIN_SHIFT = 20_000.0  # ms
GOAL = 3.0
NETWORK = {
    "tau": 100.0,
    "lr": 0.002,
    "batch_size": 100,
    "max_epochs": 12,
    "penalties": {"rate_l2": 1e-3},
}


def networks(senses, seed):
    """Make the task and two networks with the same weights, of which one is trained."""
    from skneuro.datasets import make_spatial_navigation
    from skneuro.rnn import CTRNNRegressor

    task = make_spatial_navigation(
        N_TRAIN + N_TEST,
        n_cells=60,
        duration=2000.0,
        senses=senses,
        n_paths=100,
        random_state=seed,
    )
    n_inputs, n_outputs = task.X.shape[1], task.y.shape[1]
    options = {"dt": task.dt, "random_state": seed, **NETWORK}
    untrained = CTRNNRegressor(N_UNITS, **options).begin(n_inputs, n_outputs)
    trained = CTRNNRegressor(N_UNITS, **options)
    trained.fit(task.X[:N_TRAIN], task.y[:N_TRAIN])
    return task, {"untrained": untrained, "trained": trained}


def find(task, net, n_trials, seed):
    """Find place cells in the second half of the last trials, and map all units."""
    from skneuro.metrics import place_cells, rate_maps

    late = task.times > task.times[-1] / 2
    rates = net.transform(task.X[N_TRAIN:])[:n_trials, :, late]
    positions = task.positions[N_TRAIN:][:n_trials, :, late]
    where = {"arena": task.arena, "bin_size": 10.0}
    cells = place_cells(
        rates,
        positions,
        n_shuffles=N_SHUFFLES,
        min_shift=round(MIN_SHIFT / (late.sum() * task.dt)),
        random_state=seed,
        **where,
    )
    maps, _ = rate_maps(rates, positions, smoothing=5.0, **where)
    return cells, maps, n_trials * late.sum() * task.dt / 60_000


def run(senses, seed, n_trials):
    """Return one row of the table, and the maps of the best units of both."""
    begin = time.perf_counter()
    task, nets = networks(senses, seed)
    rows, best = [], {}
    for count in n_trials:
        share, bits = {}, {}
        for name, net in nets.items():
            cells, maps, minutes = find(task, net, count, seed)
            told = cells.information > cells.threshold
            share[name], bits[name] = told.mean(), cells.information.median()
            order = cells.information.sort_values(ascending=False).index[:16]
            best[name] = maps[order], cells.information[order]
        ratio = share["trained"] / share["untrained"] if share["untrained"] else np.inf
        rows.append(
            [
                senses,
                seed,
                f"{minutes:.0f}",
                *(f"{100 * share[name]:.1f} %" for name in nets),
                f"{ratio:.1f}x" if np.isfinite(ratio) else "none untrained",
                *(f"{bits[name]:.2f}" for name in nets),
                "met" if ratio >= GOAL else "missed",
            ]
        )
        print(rows[-1], f"{time.perf_counter() - begin:.0f} s", flush=True)
    return rows, best


def draw(best, path):
    """Draw the most informative units of each network, seed by seed."""
    import matplotlib.pyplot as plt

    from skneuro.plotting import plot_rate_maps

    fig, axes = plt.subplots(len(best), 2, figsize=(9, 5 * len(best)), squeeze=False)
    for row, (seed, networks_) in zip(axes, best.items(), strict=True):
        for ax, (name, (maps, bits)) in zip(row, networks_.items(), strict=True):
            plot_rate_maps(maps, titles=[f"{b:.1f} bits" for b in bits], ax=ax)
            ax.set_title(f"seed {seed}, {name}")
    fig.tight_layout()
    fig.savefig(path, dpi=80)
    plt.close(fig)


def main():
    import numpy
    import torch

    import skneuro

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--output", type=Path, default=HERE / "results")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    rows, best = [], {}
    for seed in options.seeds:
        found, best[seed] = run("motion", seed, (300, N_TEST))
        rows += found
    for seed in options.seeds:
        rows += run("view", seed, (N_TEST,))[0]
    header = ["task", "seed", "minutes", "untrained", "trained", "ratio"]
    header += ["bits, untrained", "bits, trained", f"goal {GOAL:g}x"]
    versions = {"skneuro": skneuro, "torch": torch, "numpy": numpy}
    facts = {"skneuro": {name: m.__version__ for name, m in versions.items()}}
    text = [
        "# Place fields",
        "",
        *describe_machine("python benchmarks/place_fields.py", facts, load),
        "",
        f"Networks of {N_UNITS} relu units, trained on {N_TRAIN} trials of 2 s. Shares "
        "of units that tell the place beyond 99 % of 1000 shuffles, in the second "
        "halves of new trials, which add up to that many minutes: rates are shifted in "
        "time against the path, around the recording, by at least 20 s (Langston et "
        "al. 2010, doi:10.1126/science.1188210). Bits per spike are medians. With "
        "motion, the place has to be integrated. A view shows the place at once, also "
        "to random weights: there no share can be three times that of an untrained "
        "network.",
        "",
        markdown_table(header, rows),
        "",
    ]
    (options.output / "place_fields.md").write_text("\n".join(text))
    draw(best, options.output / "place_fields.png")


if __name__ == "__main__":
    main()
