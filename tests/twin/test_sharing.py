"""Several processes that train one core: what they share, and what they do not."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from skneuro.twin import DigitalTwinRegressor
from skneuro.twin._network import TwinNetwork
from skneuro.twin._sharing import Sharing

pytestmark = pytest.mark.torch
TINY = {
    "streams": 2,
    "retina_size": (8, 12),
    "block_channels": (4,),
    "block_groups": (1,),
    "block_layers": (1,),
    "block_temporals": (2,),
    "block_spatials": (3,),
    "block_pools": (1,),
    "feedforward_channels": 4,
    "recurrent": "conv_lstm",
    "recurrent_in": 4,
    "recurrent_hidden": 4,
    "recurrent_out": 4,
    "recurrent_groups": 1,
}
NAMES = ("a", "b", "a")  # two processes train on one recording, one on another
PAIRS = [(0, 0), (0, 1), (1, 0), (1, 1)]  # which of two trials is not held out
OPTIONS = {
    "network_params": TINY,
    "max_epochs": 2,
    "batches_per_epoch": 3,
    "batch_size": 2,
    "sample_frames": 6,
    "burn_in": 1,
    "warmup_epochs": 0,
    "device": "cpu",
}


def data(rank):
    """Return trials of one process; recording b has other neurons."""
    rng = np.random.default_rng(rank)
    videos = rng.integers(256, size=(2, 10, 9, 16), dtype=np.uint8)
    return videos, rng.random((2, 3 if NAMES[rank] == "a" else 5, 10))


def train(rank, folder):
    """Train as one of the processes; save weights after the last step."""
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meet",
        rank=rank,
        world_size=len(NAMES),
    )
    gradients = average(rank)
    told = []
    bad = {"max_epochs": 2 + rank}, {"checkpoint": f"{folder}/same"}
    for options in bad:
        twin = DigitalTwinRegressor(recording=NAMES[rank], **OPTIONS)
        try:
            twin.set_params(**options).fit(*data(rank))
        except ValueError as exc:
            told.append(str(exc))
    twin = DigitalTwinRegressor(
        recording=NAMES[rank],
        random_state=rank,
        checkpoint=f"{folder}/{rank}.ckpt",
        validation_fraction=0.5,
        keep_best=True,
        **OPTIONS,
    )
    twin.fit(*data(rank))
    again = DigitalTwinRegressor(**twin.get_params()).fit(*data(rank))
    state = {
        "weights": twin.net_.module_.state_dict(),
        "again": again.net_.module_.state_dict(),
        "scale": torch.tensor(twin.response_scale_),
        "losses": torch.tensor(twin.loss_curve_),
        "validation": torch.tensor(twin.validation_curve_),
        "told": told,
        "gradients": gradients,
    }
    torch.save(state, f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


def average(rank):
    """Return means of gradients that are the number of the process, from 1."""
    shared = ("core", "modulation.lstm")
    sharing = Sharing(NAMES[rank], shared, {}, n_neurons=3 + rank % 2)
    network = TwinNetwork(n_neurons=3 + rank % 2, **TINY)
    for name, parameter in network.named_parameters():
        absent = name.endswith("recurrent.out.gains.0")
        if not absent and not (rank == 2 and name.endswith(".1")):
            parameter.grad = torch.full_like(parameter, rank + 1.0)
    sharing.average_gradients(network)
    found = {}
    for name, parameter in network.named_parameters():
        gradient = parameter.grad
        assert gradient is None or (gradient == gradient.flatten()[0]).all()
        found[name] = None if gradient is None else gradient.flatten()[0].item()
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("processes")
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_sharing as t; "
    code += "t.train(int(sys.argv[2]), sys.argv[3])"
    here = os.path.dirname(__file__)
    started = [
        subprocess.Popen([sys.executable, "-c", code, here, str(rank), str(folder)])
        for rank in range(len(NAMES))
    ]
    try:
        assert [process.wait(timeout=240) for process in started] == [0, 0, 0]
    finally:
        for process in started:
            process.kill()
    return [
        torch.load(folder / f"{rank}.pt", weights_only=True)
        for rank in range(len(NAMES))
    ]


def test_all_share_the_core_and_each_recording_has_its_readout(trained):
    first, other, second = (found["weights"] for found in trained)
    for name, value in first.items():
        shared = name.startswith(("core.", "modulation.lstm."))
        torch.testing.assert_close(second[name], value, rtol=1e-4, atol=1e-6)
        if shared:
            torch.testing.assert_close(other[name], value, rtol=1e-4, atol=1e-6)
    name = "readout.feature.weights.0"
    assert other[name].shape[0] == 5 and first[name].any()
    monitor = [found["weights"]["perspective.monitor.center"] for found in trained]
    start = TwinNetwork().perspective.monitor.center
    assert not torch.equal(monitor[0], start), "it has been trained"
    assert not torch.allclose(monitor[0], monitor[1], rtol=1e-4)


def test_gradients_are_averaged_over_those_who_have_one(trained):
    for rank, found in enumerate(trained):
        gradients = found["gradients"]
        assert gradients["core.recurrent.out.weights.0"] == 2.0  # of 1, 2 and 3
        assert gradients["core.recurrent.out.weights.1"] == 1.5  # of 1 and 2
        assert gradients["core.recurrent.out.gains.0"] is None
        mean = 2.0 if rank == 1 else (1 + 3) / 2
        assert gradients["readout.feature.weights.0"] == mean
        mean = 2.0 if rank == 1 else 1.0
        assert gradients["readout.feature.weights.1"] == mean


def test_scales_are_of_recordings_and_losses_of_processes(trained):
    scales = [found["scale"].item() for found in trained]
    assert scales[0] == scales[2] != scales[1]
    near = {data(0)[1][i].mean() / 2 + data(2)[1][k].mean() / 2 for i, k in PAIRS}
    assert min(abs(scales[0] - mean) for mean in near) < 1e-6
    for found in trained:  # means over all processes
        assert torch.equal(found["validation"], trained[0]["validation"])
    assert trained[0]["losses"].isfinite().all()
    assert not torch.equal(trained[0]["losses"], trained[2]["losses"])


def test_a_run_that_is_done_stays_done(trained):
    for found in trained:
        for name, value in found["weights"].items():
            torch.testing.assert_close(
                found["again"][name], value, rtol=1e-4, atol=1e-6
            )


def test_processes_that_do_not_fit_are_named(trained):
    for found in trained:
        epochs, checkpoint = found["told"]
        assert "max_epochs differs between processes: 2, 3, 4" in epochs
        assert "is the file of several processes; give each its own" in checkpoint


def test_alone_there_is_nothing_to_share():
    twin = DigitalTwinRegressor(recording="a", **OPTIONS)
    with pytest.raises(ValueError, match=r"recording='a' .* start .* with torchrun"):
        twin.fit(*data(0))
