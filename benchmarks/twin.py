"""Time the full-size twin beside fnn, and its memory over a ten-minute movie.

python benchmarks/twin.py --fnn FOLDER [--only speed] [--frames 30] [--rounds 5]
python benchmarks/twin.py --only memory [--movie-seconds 600]

FOLDER is a checkout of version 2.0.0 of the public repository cajal/fnn, which is
neither installed nor copied. Both get the same random weights, video, gaze and
behaviour; their predictions are compared. They take turns, each in a process of its own
with so many threads. A GPU, where there is one, predicts one and many trials at once,
and frame by frame. Tables go to ``results``.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from report import describe_machine, markdown_table, write

ROOT = Path(__file__).parents[1]
SIZE = (144, 256)
GOAL = 0.6  # of the time of fnn


def inputs(n_frames):
    """Video, gaze and behaviour of one trial, time first."""
    import numpy as np

    rng = np.random.default_rng(0)
    video = rng.integers(256, size=(n_frames, *SIZE), dtype=np.uint8)
    gaze, behavior = rng.standard_normal((2, n_frames, 2)).astype(np.float32)
    return video, gaze, behavior


def weights(n_neurons):
    """Random weights by their names in both, of neurons that differ."""
    import torch

    from skneuro.twin._network import TwinNetwork

    torch.manual_seed(0)
    network = TwinNetwork(n_neurons=n_neurons)
    with torch.no_grad():
        network.readout.position.mu.normal_(0, 0.5)
        for stream in network.readout.feature.weights:
            stream.normal_(0, 0.1)
    return network.state_dict()


def skneuro_twin(n_neurons, device="cpu"):
    from skneuro.compat.fnn import from_fnn

    return from_fnn(weights(n_neurons), device=device)


def skneuro_run(n_neurons, n_frames):
    twin = skneuro_twin(n_neurons)
    video, gaze, behavior = inputs(n_frames)
    traces = {"gaze": gaze.T[None], "behavior": behavior.T[None]}
    return lambda: twin.predict(video[None], **traces)[0].T


def fnn_run(n_neurons, n_frames):
    from fnn.microns.build import network

    net = network(units=n_neurons)
    net.load_state_dict(weights(n_neurons))
    net.freeze(True)
    video, gaze, behavior = inputs(n_frames)
    return lambda: net.predict(video[..., None], gaze, behavior)


RUNS = {"fnn": fnn_run, "skneuro": skneuro_run}


def serve(name, n_neurons, n_frames, threads):
    """Answer each line of standard input with the seconds that a prediction took."""
    import torch

    torch.set_num_threads(threads)
    run = RUNS[name](n_neurons, n_frames)
    print("ready", json.dumps(run()[:, :16].tolist()), flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        run()
        print(json.dumps(time.perf_counter() - begin), flush=True)


def start(name, options, n_neurons):
    """Start one competitor; return its process and what it predicts."""
    threads = str(options.threads)
    environment = {**os.environ, "OMP_NUM_THREADS": threads}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(options.fnn or "")])
    command = [sys.executable, __file__, "--serve", name, "--threads", threads]
    command += ["--neurons", str(n_neurons), "--frames", str(options.frames)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    while not (line := process.stdout.readline()).startswith("ready "):
        if not line:
            raise RuntimeError(f"{name} did not start")
    return process, json.loads(line.removeprefix("ready "))


def measure(options, n_neurons):
    """Seconds of each competitor and round, and how far predictions are apart."""
    import numpy as np

    names = ["skneuro", *(["fnn"] if options.fnn else [])]
    started = {name: start(name, options, n_neurons) for name in names}
    seconds = {name: [] for name in names}
    for k in range(options.rounds):
        for name in names if k % 2 else names[::-1]:
            process, _ = started[name]
            process.stdin.write("\n")
            process.stdin.flush()
            seconds[name].append(json.loads(process.stdout.readline()))
    for process, _ in started.values():
        process.stdin.close()
        process.wait()
    ours, theirs = (np.array(started[name][1]) for name in (names[0], names[-1]))
    return seconds, np.abs(ours - theirs).max() / np.abs(theirs).max()


def measure_speed(options):
    """Rows of the table of speed, and one record per run."""
    rows, records = [], []
    for n_neurons in options.neurons:
        seconds, apart = measure(options, n_neurons)
        per_frame = {
            name: [1e3 * s / options.frames for s in values]
            for name, values in seconds.items()
        }
        records += [
            {"neurons": n_neurons, "competitor": name, "round": k, "ms_per_frame": ms}
            for name, values in per_frame.items()
            for k, ms in enumerate(values)
        ]
        median = {name: statistics.median(ms) for name, ms in per_frame.items()}
        cells = [n_neurons, f"{median['skneuro']:.1f}"]
        if options.fnn:
            ratio = median["skneuro"] / median["fnn"]
            pairs = [a / b for a, b in zip(*per_frame.values(), strict=True)]
            cells += [
                f"{median['fnn']:.1f}",
                f"**{ratio:.2f}** ({min(pairs):.2f}-{max(pairs):.2f}), goal {GOAL}: "
                f"{'met' if ratio <= GOAL else 'missed'}",
                f"{apart:.0e}",
            ]
        print(*cells, sep=" | ", flush=True)
        rows.append(cells)
    return rows, records


def measure_memory(n_frames):
    """Peak memory of this process, in MiB, after each piece of a movie."""
    import numpy as np

    twin = skneuro_twin(16)
    size = twin.chunk_frames
    rng = np.random.default_rng(0)

    def pieces():
        for k in range(0, n_frames, size):
            n = min(size, n_frames - k)
            yield rng.integers(256, size=(n, *SIZE), dtype=np.uint8)

    records, done = [], 0
    for rates in twin.iter_predict(pieces()):
        done += rates.shape[1]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        records.append({"frames": done, "peak_mib": round(peak, 1)})
    return records


def measure_gpu(n_frames):
    """Frames per second on a GPU, alone and in a batch, whole and frame by frame."""
    import numpy as np

    video, gaze, behavior = inputs(n_frames)
    twin = skneuro_twin(8000, "cuda")
    for batch in (1, 32):
        videos = np.repeat(video[None], batch, axis=0)
        traces = {
            "gaze": np.repeat(gaze.T[None], batch, axis=0),
            "behavior": np.repeat(behavior.T[None], batch, axis=0),
        }
        for chunk in (1, 16):
            twin.set_params(trials_at_once=batch, chunk_frames=chunk)
            twin.predict(videos, **traces)
            begin = time.perf_counter()
            twin.predict(videos, **traces)
            rate = batch * n_frames / (time.perf_counter() - begin)
            print(
                f"GPU, {batch:2} trials, {chunk:2} frames a piece: {rate:.0f} frames/s"
            )


def write_speed(options, about):
    """Measure and write the page of speed."""
    rows, records = measure_speed(options)
    header = ["neurons", "skneuro, ms per frame"]
    if options.fnn:
        header += ["fnn, ms per frame", "of fnn", "predictions apart"]
    text = (
        f"The full-size network with random weights predicts one trial of "
        f"{options.frames} frames. Competitors take turns, each in a process of its "
        "own; medians, and the ratio with its range over rounds. Predictions are "
        "compared by the largest difference, of the largest rate."
    )
    paragraphs = [about(), text, markdown_table(header, rows)]
    write(options.output, "twin-speed", "Digital twin beside fnn", paragraphs, records)


def write_memory(options, about):
    """Measure and write the page of memory."""
    records = measure_memory(round(30 * options.movie_seconds))
    at = sorted({min(k, len(records) - 1) for k in (3, 10, 100, len(records) - 1)})
    rows = [[r["frames"], f"{r['peak_mib']:.0f}"] for r in (records[k] for k in at)]
    text = (
        f"A movie of {options.movie_seconds:g} s at 30 Hz, 16 neurons, predicted in "
        "pieces by `iter_predict`: peak memory of the process, imports and weights "
        "included, after so many frames."
    )
    paragraphs = [about(), text, markdown_table(["frames", "peak, MiB"], rows)]
    title = "Memory of the digital twin over a long movie"
    write(options.output, "twin-memory", title, paragraphs, records)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fnn", type=Path, help="checkout of fnn 2.0.0")
    parser.add_argument("--only", choices=["speed", "memory", "gpu"])
    parser.add_argument("--neurons", type=int, nargs="+", default=[16, 8000])
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--movie-seconds", type=float, default=600)
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "results"
    )
    parser.add_argument("--serve", metavar="NAME")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.neurons[0], options.frames, options.threads)
        return
    import torch

    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0]
    typed = [a for a in sys.argv[1:] if a not in ("--fnn", str(options.fnn))]
    command = " ".join(["python benchmarks/twin.py", *typed])
    if options.fnn:
        command += " --fnn FOLDER"
    versions = {"skneuro": {n: version(n) for n in ("skneuro", "torch", "numpy")}}
    if options.fnn:
        versions["fnn"] = {"fnn": "2.0.0", "torch": version("torch")}

    def about():
        return "\n".join(describe_machine(command, versions, load, options.threads))

    if options.only in (None, "speed"):
        write_speed(options, about)
    if options.only == "gpu" or (options.only is None and torch.cuda.is_available()):
        measure_gpu(300)
    if options.only in (None, "memory"):
        write_memory(options, about)


if __name__ == "__main__":
    main()
