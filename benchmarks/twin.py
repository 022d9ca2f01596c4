"""Time the full-size twin beside fnn, and its memory over a ten-minute movie.

python benchmarks/twin.py --fnn FOLDER [--neurons 16 8000] [--frames 30] [--rounds 5]

FOLDER is a checkout of version 2.0.0 of the public repository cajal/fnn, which is
neither installed nor copied. Both get the same random weights, video, gaze and
behaviour; their predictions are compared. They take turns, each in a process of its own
with so many threads; medians per frame are printed. A GPU, where there is one, predicts
one and many trials at once, and frame by frame.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SIZE = (144, 256)


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
    """Median milliseconds per frame of each, and how far predictions are apart."""
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
    apart = np.abs(ours - theirs).max() / np.abs(theirs).max()
    per_frame = {
        n: 1e3 * statistics.median(s) / options.frames for n, s in seconds.items()
    }
    return per_frame, apart


def measure_memory(n_frames):
    """Peak memory of this process, in MiB, before and after a movie in pieces."""
    import numpy as np

    twin = skneuro_twin(16)
    size = twin.chunk_frames
    rng = np.random.default_rng(0)

    def pieces():
        for k in range(0, n_frames, size):
            n = min(size, n_frames - k)
            yield rng.integers(256, size=(n, *SIZE), dtype=np.uint8)

    peaks, done = [], 0
    for rates in twin.iter_predict(pieces()):
        done += rates.shape[1]
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    third = min(3, len(peaks) - 1)
    print(
        f"{done} frames: peak {peaks[third]:.0f} MiB after {size * (third + 1)}, "
        f"{peaks[-1]:.0f} MiB after all"
    )


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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fnn", type=Path, help="checkout of fnn 2.0.0")
    parser.add_argument("--neurons", type=int, nargs="+", default=[16, 8000])
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--movie-seconds", type=float, default=600, help="0 for none")
    parser.add_argument("--serve", metavar="NAME")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.neurons[0], options.frames, options.threads)
        return
    import torch

    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0]
    print(f"{platform.processor() or platform.machine()}, load {load:.1f}")
    print(
        f"torch {torch.__version__}, {options.threads} threads, {options.frames} frames"
    )
    for n_neurons in options.neurons:
        found, apart = measure(options, n_neurons)
        text = ", ".join(f"{name} {ms:.1f} ms/frame" for name, ms in found.items())
        if options.fnn:
            text += f", ratio {found['skneuro'] / found['fnn']:.2f}, apart {apart:.1e}"
        print(f"{n_neurons} neurons: {text}", flush=True)
    if torch.cuda.is_available():
        measure_gpu(300)
    if options.movie_seconds:
        measure_memory(round(30 * options.movie_seconds))


if __name__ == "__main__":
    main()
