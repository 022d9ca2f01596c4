"""Measure encoders beside the usual way of computing them, in turn, on one machine.

``OMP_NUM_THREADS=1 python benchmarks/encoding.py`` writes ``results/encoding.md`` and
``.csv``. All weights are random and of full size; nothing is downloaded.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from report import describe_machine, markdown_table, ratio_text, seconds_text, write

HERE = Path(__file__).parent
N_FEATURES, N_COMPONENTS, N_VERTICES = 460_800, 250, 163_842


def measure_in_turn(contestants, repeats):
    """Run each contestant once per round and return their seconds by name."""
    seconds = {name: [] for name in contestants}
    for run in contestants.values():
        run()  # warm up
    names = list(contestants)
    for repeat in range(repeats):
        first = repeat % len(names)
        for name in names[first:] + names[:first]:
            start = time.perf_counter()
            contestants[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def record_all(seconds, case):
    return [
        {"case": case, "competitor": name, "repeat": i, "value": f"{value:.6g}"}
        for name, values in seconds.items()
        for i, value in enumerate(values)
    ]


def make_usual_fwrf(weights):
    """Make the public way: plain layers, softmax every batch, a product per level.

    Batches of 100 images whose axes are images, channels, rows and columns all the way;
    batch norm, convolution and rectification are steps of their own, as there.
    """
    import torch
    from torch.nn import functional as F

    p = {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}
    logits = [p[f"fwrf.rf{i}"] for i in range(3)]
    n = len(p["enc.enc.conv6b.conv1.bias"])  # 64 maps of each layer are read out

    def convolve(x, name, **options):
        weight, bias = p[f"enc.{name}.weight"], p[f"enc.{name}.bias"]
        return F.conv2d(x, weight, bias, **options)

    def norm(x, name):
        parts = ("running_mean", "running_var", "weight", "bias")
        return F.batch_norm(x, *(p[f"enc.{name}.{part}"] for part in parts))

    def block(x, name):
        x = norm(x, f"enc.conv{name}.bn1")
        return F.relu(convolve(x, f"enc.conv{name}.conv1", padding=1))

    def network(images):
        x = convolve(images - p["enc.mu"], "pre.conv1.0", stride=4, padding=2)
        c1 = F.max_pool2d(F.relu_(x), 3, 2)
        c2 = F.relu_(convolve(c1, "pre.conv2.0", padding=2))
        c3 = F.relu(convolve(norm(c2, "enc.bn1"), "enc.conv3"))
        c4a = block(c3, "4a")
        c4b = block(c4a, "4b")
        c5a = block(F.max_pool2d(c4b, 3, 2, padding=1), "5a")
        c5b = block(c5a, "5b")
        c6a = block(c5b, "6a")
        c6b = block(c6a, "6b")
        fine = torch.cat([c3, c4a[:, :n], c4b[:, :n]], dim=1)
        coarse = torch.cat([c5a[:, :n], c5b[:, :n], c6a[:, :n], c6b], dim=1)
        return torch.cat([c1, c2], dim=1), fine, coarse

    def compress(t):
        return torch.log(1 + torch.abs(t)) * torch.tanh(t)

    def predict(images):
        found = []
        for start in range(0, len(images), 100):
            batch = torch.from_numpy(images[start : start + 100]).float() / 255
            with torch.no_grad():
                pooled = []
                for maps, logit in zip(network(batch), logits, strict=True):
                    field = torch.softmax(logit.flatten(1), dim=1)
                    flat = compress(maps.flatten(2))
                    pooled.append(torch.tensordot(field, flat, dims=[[1], [2]]))
                phi = compress(torch.cat(pooled, dim=2))
                weighted = torch.bmm(phi, p["fwrf.w"][:, :, None])[:, :, 0]
                found.append(weighted.T + p["fwrf.b"])
        return torch.cat(found).numpy()

    return predict


def run_fwrf(repeats):
    """FwRF responses per second at 1350 voxels, with softmax once and every batch."""
    from skneuro.encoding import GNetEncoder, make_gnet_weights

    weights = make_gnet_weights(1350, random_state=0)
    encoder, usual = GNetEncoder(weights, device="cpu"), make_usual_fwrf(weights)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (100, 3, 227, 227), dtype=np.uint8)
    difference = np.abs(encoder.predict(images[:4]) - usual(images[:4])).max()
    seconds = measure_in_turn(
        {"usual": lambda: usual(images), "skneuro": lambda: encoder.predict(images)},
        repeats,
    )
    speeds = [100 / np.median(values) for values in seconds.values()]
    row = [
        "fwRF, 1350 voxels, 100 images",
        *(f"{speed:.1f} images/s" for speed in speeds),
        ratio_text(seconds["usual"], seconds["skneuro"], goal=2),
        f"responses differ by {difference:.1g}",
    ]
    return [row], record_all(seconds, "fwrf")


def make_factors():
    """Random weights of full size, as the published fsaverage models have them."""
    rng = np.random.default_rng(0)
    arrays = {
        "scaler_param.mean_": rng.normal(size=N_FEATURES),
        "scaler_param.scale_": rng.uniform(0.5, 2, N_FEATURES),
        "pca_param.mean_": np.zeros(N_FEATURES, np.float32),
        "pca_param.components_": rng.standard_normal(
            (N_COMPONENTS, N_FEATURES), np.float32
        ),
    }
    for side in ("lh", "rh"):
        shape = (N_VERTICES, N_COMPONENTS)
        arrays[f"{side}_reg_param.coef_"] = rng.standard_normal(shape, np.float32)
        arrays[f"{side}_reg_param.intercept_"] = np.zeros(N_VERTICES, np.float32)
    return arrays


def make_scikit_learn(arrays):
    """Put the same weights into scikit-learn's objects."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LinearRegression
    from sklearn.preprocessing import StandardScaler

    scaler, pca = StandardScaler(), PCA(N_COMPONENTS)
    scaler.mean_ = arrays["scaler_param.mean_"]
    scaler.scale_ = arrays["scaler_param.scale_"]
    scaler.n_features_in_ = N_FEATURES
    pca.mean_ = arrays["pca_param.mean_"]
    pca.components_ = arrays["pca_param.components_"]
    pca.n_features_in_ = N_FEATURES
    regressions = []
    for side in ("lh", "rh"):
        regression = LinearRegression()
        regression.coef_ = arrays[f"{side}_reg_param.coef_"]
        regression.intercept_ = arrays[f"{side}_reg_param.intercept_"]
        regressions.append(regression)

    def predict(features):
        scores = pca.transform(scaler.transform(features)).astype(np.float32)
        return [regression.predict(scores) for regression in regressions]

    return predict


def peak_flops():
    """Best rate of a square float32 matrix product, in operations per second."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((2048, 2048), np.float32)
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * 2048**3 / best


def run_readout(repeats):
    """Full-size fsaverage readout beside scikit-learn, at batch 1, 10 and 100."""
    from skneuro.encoding import EncoderWeights, LinearEncoder

    arrays = make_factors()
    encoder = LinearEncoder(EncoderWeights(arrays), batch_size=100)
    usual = make_scikit_learn(arrays)
    rng = np.random.default_rng(1)
    rows, records, peak = [], [], peak_flops()
    for n in (1, 10, 100):
        features = rng.standard_normal((n, N_FEATURES), np.float32)
        ours = encoder.predict_from_features(features)
        difference = (
            np.abs(ours - np.hstack(usual(features))).max() / np.abs(ours).max()
        )
        del ours
        seconds = measure_in_turn(
            {
                "usual": lambda features=features: usual(features),
                "skneuro": lambda features=features: encoder.predict_from_features(
                    features
                ),
            },
            repeats,
        )
        operations = 2 * n * N_COMPONENTS * (N_FEATURES + 2 * N_VERTICES)
        share = operations / np.median(seconds["skneuro"]) / peak
        rows.append(
            [
                f"fsaverage readout, batch {n}",
                *(seconds_text(np.median(values)) for values in seconds.values()),
                ratio_text(seconds["usual"], seconds["skneuro"], goal=1),
                f"{share:.0%} of the peak of a matrix product "
                f"({peak / 1e9:.0f} GFLOP/s); they differ by "
                f"{difference:.1g} of the largest",
            ]
        )
        records += record_all(seconds, f"readout-{n}")
    return rows, records


PEAK = """
def peak_mib():
    # of this program alone; getrusage counts the one that started it, too
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
"""

LOAD = """
import sys, time
import numpy as np
from sklearn.preprocessing import FunctionTransformer
from skneuro.datasets import fetch_nsd_fsaverage_vit
before = peak_mib()
start = time.perf_counter()
bunch = fetch_nsd_fsaverage_vit(
    roi="early" if sys.argv[2] == "roi" else None,
    berg_dir=sys.argv[1],
    data_home=sys.argv[1] + "/cache",
    features=FunctionTransformer(),
)
encoder = bunch.encoder.fit(np.zeros((1, 1)))  # reads the coefficients
loaded, opened = time.perf_counter() - start, peak_mib()
encoder.predict_from_features(np.ones((1, 460_800), np.float32))
print(loaded, before, opened, peak_mib())
"""


def write_fsaverage(folder):
    """Write a full-size subject in the published layout, pickles and all."""
    nested = {}
    for name, array in make_factors().items():
        part, _, key = name.partition(".")
        nested.setdefault(part, {})[key] = array
    rng = np.random.default_rng(0)
    fmri, accuracy = {}, {}
    for side, n in (("lh", 5758), ("rh", 5634)):  # subject 1 of the published files
        fmri[f"{side}_ncsnr"] = rng.random(N_VERTICES, np.float32)
        early = np.sort(rng.choice(N_VERTICES, n, replace=False))
        fmri[f"{side}_fsaverage_rois"] = {"early": early}
        for metric in ("correlation", "r2", "noise_ceiling", "explained_variance"):
            accuracy[f"{side}_{metric}"] = rng.random(N_VERTICES, np.float32)
    place = folder / "encoding_models/modality-fmri/train_dataset-nsd_fsaverage"
    for kind, content in (
        ("encoding_models_weights/weights", nested),
        ("metadata/metadata", {"fmri": fmri, "encoding_models": accuracy}),
    ):
        path = place / "model-vit_b_32" / f"{kind}_subject-01.npy"
        path.parent.mkdir(parents=True)
        np.save(path, content)


def load_in_a_process(folder, what):
    """Seconds and peaks of memory of one fetch in a process of its own."""
    command = [sys.executable, "-c", PEAK + LOAD, str(folder), what]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(x) for x in done.stdout.split()]


def run_load(repeats):
    """Fetch a full-size file, one region and all of it: seconds and peak memory."""
    rows, records = [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        write_fsaverage(folder)
        factors = 4 * N_COMPONENTS * (N_FEATURES + 2 * N_VERTICES) / 1e6
        for case, what, n_runs in (
            ("one region, the first time", "roi", 1),
            ("one region, from then on", "roi", repeats),
            ("all vertices, from then on", "all", repeats),
        ):
            runs = [load_in_a_process(folder, what) for _ in range(n_runs)]
            loaded, before, opened, peak = np.median(runs, axis=0)
            goals = ""
            if case == "one region, from then on":
                met = loaded < 1 and opened * 1.048576 < 700
                goals = f"; goals 1 s and 700 MB: {'met' if met else 'missed'}"
            if what == "all":
                share = (peak - before) * 1.048576 / factors
                met = "met" if share < 1.5 else "missed"
                goals = f", that is {share:.2f}x without imports, goal 1.5: {met}"
            rows.append(
                [
                    f"fetch a full-size file, {case}",
                    "",
                    seconds_text(loaded),
                    "",
                    f"peak {opened * 1.048576:.0f} MB, with one prediction "
                    f"{peak * 1.048576:.0f} MB, of which {before * 1.048576:.0f} are "
                    f"imports; the two factors have {factors:.0f} MB{goals}",
                ]
            )
            names = ("seconds", "imports_mib", "opened_mib", "peak_mib")
            records += [
                {"case": case, "competitor": name, "repeat": i, "value": value}
                for i, run in enumerate(runs)
                for name, value in zip(names, run, strict=True)
            ]
    return rows, records


STREAM = """
import sys
import numpy as np
from skneuro.encoding import GNetEncoder, make_gnet_weights
n = int(sys.argv[1])
weights = make_gnet_weights(
    1350, channels=(8, 12, 16, 8), image_size=67, random_state=0
)
images = np.load(sys.argv[2], mmap_mode="r")
encoder = GNetEncoder(weights, image_size=67, device="cpu")
encoder.predict(images[:n], out=sys.argv[3])
print(peak_mib())
"""


def stream(n, images, out, kill=False):
    """Stream n images in a process of its own; its peak memory, in MiB."""
    command = [sys.executable, "-c", PEAK + STREAM, str(n), str(images), str(out)]
    if not kill:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(done.stdout)
    process = subprocess.Popen(command)
    row = 4 * 1350
    while not (out.exists() and out.stat().st_size > n // 3 * row):
        if process.poll() is not None:
            raise RuntimeError("the run ended before it could be killed")
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return None


def run_stream(repeats, n_images=20_000):
    """Stream images to disk in bounded memory; kill a run and resume it."""
    del repeats
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        images = np.lib.format.open_memmap(
            folder / "images.npy", "w+", np.uint8, (n_images, 3, 67, 67)
        )
        rng = np.random.default_rng(0)
        for start in range(0, n_images, 1000):
            shape = (min(1000, n_images - start), 3, 67, 67)
            images[start : start + 1000] = rng.integers(0, 256, shape, np.uint8)
        images.flush()
        images_mb = images.nbytes / 1e6
        few = stream(n_images // 10, folder / "images.npy", folder / "few.npy")
        many = stream(n_images, folder / "images.npy", folder / "many.npy")
        stream(n_images, folder / "images.npy", folder / "killed.npy", kill=True)
        done = len(np.load(folder / "killed.npy", mmap_mode="r"))
        stream(n_images, folder / "images.npy", folder / "killed.npy")
        same = (folder / "killed.npy").read_bytes() == (
            folder / "many.npy"
        ).read_bytes()
        size = (folder / "many.npy").stat().st_size / 1e6
    what = "the same file" if same else "ANOTHER FILE"
    row = [
        f"stream {n_images} images, small network, 1350 voxels",
        "",
        f"peak {many:.0f} MiB",
        "",
        f"{few:.0f} MiB for a tenth of them, images of {images_mb:.0f} MB; file of "
        f"{size:.0f} MB; killed after {done} images and resumed: {what}",
    ]
    values = {"peak_mib": many, "peak_tenth_mib": few, "killed_at": done, "same": same}
    records = [
        {"case": "stream", "competitor": name, "repeat": 0, "value": value}
        for name, value in values.items()
    ]
    return [row], records


def run_gpu(repeats):
    """Images per second on a GPU, where there is one."""
    import torch

    if not torch.cuda.is_available():
        return [["fwRF on a GPU", "", "", "", "no GPU here"]], []
    from skneuro.encoding import GNetEncoder, make_gnet_weights

    encoder = GNetEncoder(
        make_gnet_weights(1350, random_state=0), device="cuda", batch_size=64
    )
    images = np.zeros((640, 3, 227, 227), np.uint8)
    seconds = measure_in_turn({"skneuro": lambda: encoder.predict(images)}, repeats)
    speed = 640 / np.median(seconds["skneuro"])
    row = ["fwRF, 1350 voxels, batch 64", "", f"{speed:.0f} images/s", ""]
    return [[*row, torch.cuda.get_device_name()]], record_all(seconds, "gpu")


SUITES = {
    "fwrf": run_fwrf,
    "readout": run_readout,
    "load": run_load,
    "stream": run_stream,
    "gpu": run_gpu,
}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(SUITES), help="one part alone")
    parser.add_argument("--repeats", type=int, default=5, help="rounds, default 5")
    parser.add_argument("--output", type=Path, default=HERE / "results")
    arguments = parser.parse_args(argv)
    import sklearn
    import torch

    import skneuro

    load = os.getloadavg()[0]
    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    torch.set_num_threads(threads)
    rows, records = [], []
    for name in [arguments.only] if arguments.only else SUITES:
        new_rows, new_records = SUITES[name](arguments.repeats)
        for row in new_rows:
            print("  ".join(row), file=sys.stderr)
        rows += new_rows
        records += new_records
    versions = {
        "skneuro": {
            "skneuro": skneuro.__version__,
            "torch": torch.__version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
        }
    }
    command = shlex.join(["python", "benchmarks/encoding.py", *(argv or sys.argv[1:])])
    about = describe_machine(command, versions, load)
    header = ["case", "the usual way", "skneuro", "ratio", "notes"]
    how = (
        f"{threads} thread(s). Contestants run in turn in one process, with the same "
        "weights; who begins changes from round to round. Medians, and the range of "
        "the ratio over rounds. The usual way of fwRF is that of the public code: "
        "softmax in every batch of 100, one pooling product per level. That of the "
        "readout is scikit-learn's StandardScaler, PCA and two LinearRegressions."
    )
    paragraphs = ["\n".join(about), how, markdown_table(header, rows)]
    arguments.output.mkdir(parents=True, exist_ok=True)
    name = f"encoding-{arguments.only}" if arguments.only else "encoding"
    write(arguments.output, name, "Encoders", paragraphs, records)
    return 0


if __name__ == "__main__":
    sys.exit(main())
