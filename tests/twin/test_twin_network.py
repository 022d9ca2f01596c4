"""The network against fnn, and against itself in chunks, batches and streams."""

import numpy as np
import pytest
import torch

from skneuro.twin._network import ARCHITECTURES, TwinNetwork
from skneuro.twin._perspective import rotation
from skneuro.twin._readout import PositionFeature

pytestmark = pytest.mark.torch

TOLERANCE = 1e-5  # of responses, relative to the largest
STAGES = {
    "perspective": "perspective",
    "modulation": "modulation",
    "feedforward": "core.feedforward",
    "core": "core",
    "readout": "readout",
}


def difference(got, expected):
    """Absolute difference over the largest expected value, of each element."""
    got = np.asarray(got.detach() if isinstance(got, torch.Tensor) else got)
    expected = np.asarray(expected)
    return np.abs(got.reshape(expected.shape) - expected) / np.abs(expected).max()


@torch.no_grad()
def test_small_networks_respond_as_fnn(small_case):
    network, data, units, right = small_case
    log_rate, _ = network(*data)
    assert difference(network.rate(log_rate), right["response"]).max() < TOLERANCE
    assert difference(network.loss(log_rate, units), right["loss"]).max() < TOLERANCE
    log_rate, _ = network(*data, stream=1)
    assert difference(network.rate(log_rate), right["stream1"]).max() < TOLERANCE
    loss = network.loss(log_rate, units)
    assert difference(loss, right["loss_stream1"]).max() < TOLERANCE
    log_rate, _ = network(*data, periphery="extend")
    assert difference(network.rate(log_rate), right["extend"]).max() < TOLERANCE


@torch.no_grad()
def test_stages_of_small_networks_are_those_of_fnn(small_case):
    network, data, _, right = small_case
    kept = {}
    network(*data, keep=kept)
    for name, theirs in STAGES.items():
        off = difference(kept[name], right["stages"][theirs])
        assert np.quantile(off, 0.999) < 5e-5, name
        assert off.max() < 1e-2, name


def test_parameters_begin_where_those_of_fnn_do(small_case):
    network, _, _, right = small_case
    fresh = TwinNetwork(**network.options_given).state_dict()
    assert list(fresh) == list(network.state_dict())
    for name, expected in right["init_constant"].items():
        if "retina_pixel" not in name:  # the file's "loader" ones begin elsewhere
            torch.testing.assert_close(fresh[name], expected)


@torch.no_grad()
def test_frames_one_by_one_or_in_chunks_are_as_the_whole(small_case):
    network, data, _, _ = small_case
    whole, last = network(*data)
    for size in (1, 3):
        state, parts = None, []
        for k in range(0, len(whole), size):
            part, state = network(*(x[k : k + size] for x in data), state=state)
            parts.append(part)
        assert difference(torch.cat(parts), whole).max() < TOLERANCE
    for got, expected in zip(state.recurrent, last.recurrent, strict=True):
        assert difference(got, expected).max() < TOLERANCE


@torch.no_grad()
def test_one_trial_is_as_in_a_batch(small_case):
    network, data, _, _ = small_case
    both, _ = network(*data)
    for trial in range(2):
        alone, _ = network(*(x[:, [trial]] for x in data))
        assert difference(alone[:, 0], both[:, trial]).max() < TOLERANCE


@torch.no_grad()
def test_streams_meet_only_in_the_mean_of_log_rates(small_case):
    network, data, _, _ = small_case
    streams = [network(*data, stream=i)[0] for i in range(3)]
    assert difference(sum(streams) / 3, network(*data)[0]).max() < TOLERANCE


@torch.no_grad()
def test_nothing_is_kept_between_calls(small_case):
    network, data, _, _ = small_case
    before = network(*data)[0]
    network(*(x[:, :1] for x in data), stream=2)
    network.train()
    network(*data)
    network.eval()
    assert torch.equal(network(*data)[0], before)


@torch.no_grad()
def test_missing_gaze_and_behavior_are_zero(small_case):
    network, (video, gaze, behavior), _, _ = small_case
    zeros = network(video, torch.zeros_like(gaze), torch.zeros_like(behavior))[0]
    assert difference(network(video)[0], zeros).max() < TOLERANCE


def test_frozen_parts_have_no_gradient_and_no_noise(small_golden, make_small_network):
    network = make_small_network(small_golden["loader"]["config"])  # drops a tenth
    network.load_state_dict(small_golden["loader"]["state_dict"])
    network.freeze(["core", "modulation", "perspective", "readout.position"])
    video = torch.from_numpy(small_golden["loader"]["inputs"]["stimuli"][..., 0])
    network.train()
    noisy, _ = network(video)
    assert network.core.training, "train() does what it always does"
    network.eval()
    assert torch.equal(noisy, network(video)[0])
    trained = {name for name, p in network.named_parameters() if p.requires_grad}
    assert trained and all(
        name.startswith(("readout.feature", "readout.biases")) for name in trained
    )


def test_noise_is_drawn_anew_for_each_sequence_and_trial(small_case):
    network, data, _, _ = small_case
    same = [x[:, :1].expand(-1, 2, *x.shape[2:]) for x in data]
    network.train()
    with torch.no_grad():
        log_rate, _ = network(*same)
    network.eval()
    assert not torch.allclose(log_rate[:, 0], log_rate[:, 1])


@pytest.mark.parametrize(
    ("architecture", "n_entries"), [("microns", 338), ("loader", 360)]
)
def test_full_size_state_has_the_released_names_and_shapes(
    architecture, n_entries, full_golden
):
    with torch.device("meta"):
        state = TwinNetwork(n_neurons=16, **ARCHITECTURES[architecture]).state_dict()
    assert len(state) == n_entries
    names, shapes = (
        full_golden[f"{architecture}/param_{x}"] for x in ("names", "shapes")
    )
    assert set(state) == set(names)
    for name, shape in zip(names, shapes, strict=True):
        assert "x".join(map(str, state[name].shape)) == shape, name


@torch.no_grad()
def test_full_size_networks_respond_as_fnn(full_case):
    network, data, right = full_case
    kept = {}
    log_rate, _ = network(*data, keep=kept)
    assert difference(network.rate(log_rate), right["batch/response"]).max() < TOLERANCE
    single = network.rate(log_rate)[:, 0]
    assert difference(single, right["single/response"]).max() < TOLERANCE
    assert difference(log_rate[:, 0], right["single/readout_raw"]).max() < TOLERANCE
    frames = [0, 1, 5, 11]
    for name, theirs in STAGES.items():
        if f"single/{theirs}" not in right:
            continue
        first = kept[name]
        if len(first) == 24:
            first = first.unflatten(0, (12, 2))
        first = first[:, 0]
        expected = right[f"single/{theirs}"]
        off = difference(first if len(expected) == 12 else first[frames], expected)
        assert np.quantile(off, 0.999) < 5e-5, name
        assert off.max() < 1e-2, name


@torch.no_grad()
def test_full_size_streams_periphery_and_defaults_are_those_of_fnn(full_case):
    network, data, right = full_case
    one = [x[:4, :1] for x in data]  # causal: the first frames know no others
    for case, (inputs, options) in {
        "default": (one[:1], {}),
        "stream2": (one, {"stream": 2}),
        "extend": (one, {"periphery": "extend"}),
    }.items():
        rate = network.rate(network(*inputs, **options)[0])
        expected = right[f"{case}/response"]
        off = np.abs(rate[:, 0].numpy() - expected[:4]) / np.abs(expected).max()
        assert off.max() < TOLERANCE, case


@torch.no_grad()
def test_geometry_is_that_of_fnn(full_case):
    network, (video, gaze, _), right = full_case
    eye = network.perspective
    angles = eye.bind_eye(1)(gaze[0])
    assert difference(rotation(angles), right["geometry/rmat"]).max() < 1e-6
    x = video[0, :1, None] / 255
    image = eye.bind()(x, gaze[0, :1])
    monitor = eye.to_monitor(image, gaze[0, :1])
    assert difference(monitor, right["geometry/inverse"]).max() < 1e-3


@pytest.mark.parametrize("size", [(4, 6), (1, 3)])
def test_reading_in_blocks_changes_nothing(size):
    generator = torch.Generator().manual_seed(0)
    readout = PositionFeature(1100, 5, streams=2)
    with torch.no_grad():
        readout.position.mu.normal_(0, 2, generator=generator)  # some at the edges
        for weights in readout.feature.weights:
            weights.normal_(generator=generator)
    core = torch.randn(3, 10, *size, generator=generator)
    readout.eval()
    expected = readout.bind()(core).detach()
    with torch.no_grad():
        got = readout.bind()(core)
        one = readout.bind(stream=1)(core[:, 5:])
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(one[:, 0], expected[:, 1])
