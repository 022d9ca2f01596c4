"""Train a perceptual decision to its criterion beside nn4n, in wall time.

python benchmarks/rnn_training.py          # writes results/rnn_training.md and .csv

Both get the same trials, initial weights of 80 excitatory and 20 inhibitory units,
noise, optimiser (Adam), batches of 20 and clipping, and are validated after each 2500
trials, until the mean of the last five validations exceeds 85 % correct, the criterion
of Song, Yang and Wang (2016), doi:10.1371/journal.pcbi.1004792. Reading of trials is
not timed, and each trains in a process of its own, one after the other.
"""

import argparse
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from report import describe_machine, markdown_table, write
from rnn import NN4N, ROOT, nn4n_python

N_UNITS, N_EXC, BATCH, LR, CLIP = 100, 80, 20, 0.002, 1.0
DT, TAU, SIGMA = 20.0, 100.0, 0.15
N_TRAIN, N_TEST, N_CHUNKS, N_LAST, GOAL = 2500, 1100, 40, 5, 0.85


def write_trials(folder, seed):
    """Write trials in chunks, and the initial weights that both begin with."""
    import numpy as np

    from skneuro.datasets import make_perceptual_decision
    from skneuro.rnn import CTRNNRegressor

    for k in range(N_CHUNKS):
        for part, n_trials in (("train", N_TRAIN), ("test", N_TEST)):
            state = 1000 * seed + 2 * k + (part == "test")
            task = make_perceptual_decision(n_trials, dt=DT, random_state=state)
            np.savez(
                folder / f"{part}-{k}.npz",
                X=task.X,
                y=task.y,
                mask=task.mask.astype(np.float32),
                labels=task.labels,
                last=task.epochs["decision"][:, 1] - 1,
            )
    net = CTRNNRegressor(N_UNITS, ei_ratio=N_EXC / N_UNITS, random_state=seed)
    net.begin(2, 2)
    np.savez(
        folder / "weights.npz",
        input=net.input_weights_,
        recurrent=net.recurrent_weights_,
        output=net.output_weights_,
    )


def skneuro_trainer(weights, seed):
    """Return functions that train on one chunk, and that predict."""
    from skneuro.rnn import CTRNNRegressor

    net = CTRNNRegressor(
        N_UNITS,
        dt=DT,
        tau=TAU,
        ei_ratio=N_EXC / N_UNITS,
        preact_noise=SIGMA,
        noise_at_predict=True,
        recurrent_bias=None,
        output_bias=None,
        input_weights=weights["input"],
        recurrent_weights=weights["recurrent"],
        output_weights=weights["output"],
        lr=LR,
        batch_size=BATCH,
        gradient_clip=CLIP,
        device="cpu",
        random_state=seed,
    )
    net.begin(2, 2)
    return lambda X, y, mask: net.partial_fit(X, y, mask=mask), net.predict


def nn4n_trainer(weights, seed):
    """Return functions that train on one chunk, and that predict."""
    import numpy as np
    import torch
    from nn4n.model import CTRNN

    torch.manual_seed(seed)
    signs = np.where(np.arange(N_UNITS) < N_EXC, 1.0, -1.0)[:, None]  # sources in rows
    exc = np.repeat(signs > 0, 2, axis=1).astype(float)
    module = CTRNN(
        dims=[2, N_UNITS, 2],
        activation="relu",
        dt=DT,
        tau=TAU,
        # this is the same noise: nn4n multiplies by alpha, not by sqrt(2 alpha)
        preact_noise=SIGMA * (2 * TAU / DT) ** 0.5,
        sparsity_masks=[None, 1 - np.eye(N_UNITS), exc],
        ei_masks=[None, np.repeat(signs, N_UNITS, axis=1), np.repeat(signs, 2, axis=1)],
    )
    layers = {
        "input": module.recurrent_layer.input_layer,
        "recurrent": module.recurrent_layer.hidden_layer,
        "output": module.readout_layer,
    }
    for name, layer in layers.items():
        layer.weight.data.copy_(torch.from_numpy(weights[name]))
    module.train()
    optimizer = torch.optim.Adam(
        [p for p in module.parameters() if p.requires_grad], lr=LR
    )

    def run(X):  # (n_samples, n_inputs, n_times), which nn4n wants time first
        return module(X.permute(2, 0, 1))[0].permute(1, 2, 0)

    def train(X, y, mask):
        X, y, mask = (torch.from_numpy(array) for array in (X, y, mask[:, None]))
        for chosen in torch.randperm(len(X)).split(BATCH):
            weight = mask[chosen].expand(-1, 2, -1)
            errors = (run(X[chosen]) - y[chosen]).square()
            loss = (errors * weight).sum() / weight.sum()
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), CLIP)
            optimizer.step()

    def predict(X):
        with torch.no_grad():
            parts = torch.from_numpy(X).split(64)
            return torch.cat([run(part) for part in parts]).numpy()

    return train, predict


KEYS = ("seconds", "trials")
TRAINERS = {"nn4n": nn4n_trainer, "skneuro": skneuro_trainer}


def train(name, folder, seed, threads):
    """Train until the criterion and print what it took."""
    import numpy as np
    import torch

    torch.set_num_threads(threads)
    fit, predict = TRAINERS[name](dict(np.load(folder / "weights.npz")), seed)
    scores, seconds = [], 0.0
    for k in range(N_CHUNKS):
        data, test = (
            dict(np.load(folder / f"{part}-{k}.npz")) for part in ("train", "test")
        )
        begin = time.perf_counter()
        fit(data["X"], data["y"], data["mask"])
        outputs = predict(test["X"])
        seconds += time.perf_counter() - begin
        asked = test["labels"] >= 0
        rows = np.arange(len(asked))
        right = outputs[rows, :, test["last"]].argmax(axis=1) == test["labels"]
        scores.append(float(right[asked].mean()))
        if len(scores) >= N_LAST and np.mean(scores[-N_LAST:]) > GOAL:
            break
    found = {
        "trials": len(scores) * N_TRAIN,
        "seconds": seconds,
        "score": float(np.mean(scores[-N_LAST:])),
        "reached": float(np.mean(scores[-N_LAST:])) > GOAL,
    }
    print("result " + json.dumps(found))


def measure(name, folder, seed, threads):
    """Train one competitor in its own process."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    python, path = sys.executable, str(ROOT)
    if name == "nn4n":  # with our own builds of torch and NumPy
        python, path = nn4n_python(), sysconfig.get_paths()["purelib"]
    done = subprocess.run(
        [python, __file__, f"--threads={threads}", "--train", name, folder, f"{seed}"],
        env={**environment, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.split("result ")[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "results"
    )
    parser.add_argument("--train", nargs=3, metavar=("NAME", "FOLDER", "SEED"))
    options = parser.parse_args()
    if options.train:
        name, folder, seed = options.train
        train(name, Path(folder), int(seed), options.threads)
        return
    load = os.getloadavg()[0]
    records = []
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            write_trials(Path(folder), seed)
            for name in TRAINERS:
                found = measure(name, folder, seed, options.threads)
                records.append({"seed": seed, "tool": name, **found})
                print(records[-1], flush=True)
        report(records, load, options)  # of all seeds so far


def report(records, load, options):
    """Write ``rnn_training.md`` and ``.csv``."""
    rows = []
    for record in records:
        seconds = record["seconds"]
        rows.append(
            [
                record["seed"],
                record["tool"],
                record["trials"],
                f"{record['score']:.3f} {'reached' if record['reached'] else 'missed'}",
                f"{seconds:.1f} s",
                f"{1e3 * seconds / (record['trials'] / 1000):.0f} ms",
            ]
        )
    total = {
        name: [sum(r[key] for r in records if r["tool"] == name) for key in KEYS]
        for name in TRAINERS
    }
    (theirs, their_trials), (ours, our_trials) = total["nn4n"], total["skneuro"]
    whole, each = theirs / ours, theirs / their_trials / (ours / our_trials)
    packages = {name: version(name) for name in ("skneuro", "torch", "numpy")}
    versions = {
        "skneuro": packages,
        "nn4n": dict([NN4N.split("=="), ("torch", packages["torch"])]),
    }
    command = f"python benchmarks/rnn_training.py --threads {options.threads}"
    about = describe_machine(command, versions, load, options.threads)
    text = (
        "Same trials, initial weights, noise, optimiser (Adam), batches of 20 and "
        "clipping; validated after each 2500 trials on 1100 new ones, until the mean of"
        " the last five validations exceeds 85 % correct. Seconds of training and "
        f"validation. Over all seeds, nn4n needs **{whole:.1f} times** as long until "
        f"the criterion, and {each:.1f} times as long per trial."
    )
    header = ["seed", "tool", "trials", "score", "to criterion", "per 1000 trials"]
    paragraphs = ["\n".join(about), text, markdown_table(header, rows)]
    title = "A perceptual decision, trained to its criterion"
    write(options.output, "rnn_training", title, paragraphs, records)


if __name__ == "__main__":
    main()
