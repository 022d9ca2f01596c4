"""Time one training step of a recurrent network beside nn4n and beside its floor.

python benchmarks/rnn.py [--rounds 15] [--threads 2]    # writes results/rnn.md and .csv

A relu network of 10 inputs, 256 units and 3 outputs sees 64 trials of 200 steps; a step
is the forward and the backward pass of the mean squared error. The competitors take
turns, each in a process of its own. The floor is the 400 products that must follow each
other plus the one for the gradient of the recurrent weights.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import time
from importlib.metadata import version
from pathlib import Path

from report import describe_machine, markdown_table, seconds_text, write

NN4N = "nn4n==1.1.1"
ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / ".venv-nn4n"
N_INPUTS, N_UNITS, N_OUTPUTS = 10, 256, 3
N_SAMPLES, N_TIMES, ALPHA = 64, 200, 0.1


def nn4n_python():
    """Python of an environment that has nn4n, and the torch that we ourselves use."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "installed"
    if not (stamp.exists() and stamp.read_text() == NN4N):
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        quiet = ["--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([python, "-m", "pip", "install", *quiet, NN4N], check=True)
        stamp.write_text(NN4N)
    return python


def masks(kind):
    """Signs and connections of four areas, (targets, sources), or none."""
    import numpy as np

    if kind == "plain":
        return None
    rng = np.random.default_rng(0)
    area = np.repeat(np.arange(4), N_UNITS // 4)
    excitatory = np.tile(np.arange(N_UNITS // 4) < 51, 4)
    density = np.where(area[:, None] == area[None, :], 1.0, 0.1)
    connected = rng.uniform(size=density.shape) < density
    connected &= (area[:, None] == area[None, :]) | excitatory[None, :]
    return connected, np.where(excitatory, 1, -1)


def skneuro_step(kind):
    import numpy as np
    import torch

    from skneuro.rnn._modules import CTRNN

    rng = np.random.default_rng(0)
    recurrent = {"weight": rng.uniform(-1, 1, (N_UNITS, N_UNITS)) / N_UNITS**0.5}
    if masks(kind) is not None:
        connected, signs = masks(kind)
        recurrent["sparsity_mask"] = connected
        recurrent["sign_mask"] = np.broadcast_to(signs, connected.shape)
    layer = {
        "input_weight": {"weight": rng.uniform(-0.3, 0.3, (N_UNITS, N_INPUTS))},
        "recurrent_weight": recurrent,
        "alpha": {"alpha": np.full(N_UNITS, ALPHA)},
        "initial_state": np.zeros(N_UNITS),
        "recurrent_bias": np.zeros(N_UNITS),
    }
    readout = {"weight": rng.uniform(-0.06, 0.06, (N_OUTPUTS, N_UNITS))}
    module = CTRNN([layer], readout, output_bias=np.zeros(N_OUTPUTS))
    X = torch.randn(N_SAMPLES, N_INPUTS, N_TIMES)
    target = torch.randn(N_SAMPLES, N_OUTPUTS, N_TIMES)

    def step():
        before = module.snapshot()
        loss = (module(X)[0] - target).square().mean()
        module.zero_grad()
        loss.backward()
        module.mask_gradients_()
        module.enforce_(before)

    return step


def nn4n_step(kind):
    import numpy as np
    import torch
    from nn4n.model import CTRNN

    options = {}
    if masks(kind) is not None:
        connected, signs = masks(kind)
        signed = (connected * signs).T.astype(float)  # sources in rows
        options["sparsity_masks"] = [None, np.abs(signed), None]
        options["ei_masks"] = [None, signed, None]
    module = CTRNN(
        dims=[N_INPUTS, N_UNITS, N_OUTPUTS],
        activation="relu",
        dt=10,
        tau=100,
        biases="zero",
        **options,
    )
    module.train()
    X = torch.randn(N_TIMES, N_SAMPLES, N_INPUTS)
    target = torch.randn(N_TIMES, N_SAMPLES, N_OUTPUTS)

    def step():
        loss = (module(X)[0] - target).square().mean()
        module.zero_grad()
        loss.backward()

    return step


def floor_step(kind):
    import torch

    rates = torch.randn(N_SAMPLES, N_UNITS)
    out = torch.empty_like(rates)
    weight = torch.randn(N_UNITS, N_UNITS)
    every = torch.randn(N_SAMPLES * N_TIMES, N_UNITS)

    def step():
        for _ in range(2 * N_TIMES):
            torch.mm(rates, weight, out=out)
        every.t() @ every

    return step


STEPS = {"nn4n": nn4n_step, "skneuro": skneuro_step, "floor": floor_step}
GOALS = {"nn4n": 0.7, "floor": 1.3}  # largest ratios of our time to theirs


def serve(name, kind, threads):
    """Answer each line of standard input with the seconds that a step took."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    step = STEPS[name](kind)
    for _ in range(3):
        step()
    print("ready", flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        step()
        print(json.dumps(time.perf_counter() - begin), flush=True)


def start(name, kind, threads):
    """Start one competitor."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    python = sys.executable
    if name == "nn4n":
        python = nn4n_python()
        # torch and NumPy come from our own environment: the same build for both
        environment["PYTHONPATH"] = sysconfig.get_paths()["purelib"]
    else:
        environment["PYTHONPATH"] = str(ROOT)
    command = [python, __file__, "--serve", name, kind, "--threads", str(threads)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    while (line := process.stdout.readline()) != "ready\n":  # nn4n prints
        if not line:
            raise RuntimeError(f"{name} did not start")
    return process


def measure(kind, rounds, threads):
    """Seconds of each round and competitor, who take turns."""
    processes = {name: start(name, kind, threads) for name in STEPS}
    seconds = {name: [] for name in STEPS}
    for k in range(rounds):
        names = list(STEPS)
        for name in names[k % 3 :] + names[: k % 3]:
            processes[name].stdin.write("\n")
            processes[name].stdin.flush()
            seconds[name].append(json.loads(processes[name].stdout.readline()))
    for process in processes.values():
        process.stdin.close()
        process.wait()
    return seconds


def row_of(kind, seconds):
    """Row of the table: medians and their ratios, with the range over rounds."""
    median = {name: statistics.median(values) for name, values in seconds.items()}
    cells = [kind, *(seconds_text(median[name]) for name in STEPS)]
    for name, goal in GOALS.items():
        ratios = [a / b for a, b in zip(seconds["skneuro"], seconds[name], strict=True)]
        ratio = median["skneuro"] / median[name]
        cells.append(
            f"**{ratio:.2f}** ({min(ratios):.2f}-{max(ratios):.2f}), goal {goal:g}: "
            f"{'met' if ratio <= goal else 'missed'}"
        )
    return cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "results"
    )
    parser.add_argument("--serve", nargs=2, metavar=("NAME", "KIND"))
    options = parser.parse_args()
    if options.serve:
        serve(*options.serve, options.threads)
        return
    load = os.getloadavg()[0]
    rows, records = [], []
    for kind in ("plain", "four-area E/I"):
        seconds = measure(kind, options.rounds, options.threads)
        rows.append(row_of(kind, seconds))
        print(*rows[-1], sep=" | ")
        records += [
            {"network": kind, "round": k, **dict(zip(seconds, values, strict=True))}
            for k, values in enumerate(zip(*seconds.values(), strict=True))
        ]
    packages = ("skneuro", "torch", "numpy")
    found = {name: version(name) for name in packages}
    found = {
        "skneuro": found,
        "nn4n": dict([NN4N.split("=="), ("torch", found["torch"])]),
    }
    command = f"python benchmarks/rnn.py --threads {options.threads}"
    about = describe_machine(command, found, load, options.threads)
    text = (
        f"One training step: forward and backward pass of {N_SAMPLES} trials of "
        f"{N_TIMES} steps, {N_INPUTS} inputs, {N_UNITS} relu units, {N_OUTPUTS} "
        "outputs; skneuro also restores constraints. The floor is the 400 products "
        "that must follow each other plus one for the gradient of the recurrent "
        "weights. Competitors take turns, each in a process of its own; medians, and "
        "ratios of skneuro's with their range over rounds."
    )
    header = ["network", *STEPS, "of nn4n", "of the floor"]
    paragraphs = ["\n".join(about), text, markdown_table(header, rows)]
    write(options.output, "rnn", "One training step", paragraphs, records)


if __name__ == "__main__":
    main()
