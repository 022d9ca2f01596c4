"""The estimator: shapes, routing, chunks, transfer, resuming, and bad input."""

import subprocess
import sys

import numpy as np
import pytest
import sklearn
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback

from skneuro.compat.fnn import from_fnn
from skneuro.datasets import make_twin_data
from skneuro.twin import DigitalTwinRegressor, load_twin

pytestmark = pytest.mark.torch
QUICK = {
    "max_epochs": 2,
    "batches_per_epoch": 2,
    "sample_frames": 8,
    "burn_in": 2,
    "warmup_epochs": 1,
    "device": "cpu",
    "random_state": 0,
}


@pytest.fixture(scope="module")
def recording():
    return make_twin_data(
        n_neurons=4,
        n_trials=3,
        n_test_videos=2,
        n_repeats=3,
        duration=0.6,
        random_state=0,
    )


@pytest.fixture(scope="module")
def fitted(recording):
    twin = DigitalTwinRegressor(recording.twin, **QUICK)
    return twin.fit(*data_of(recording)[0], **data_of(recording)[1])


def data_of(recording):
    return (recording.videos, recording.responses), {
        "gaze": recording.gaze,
        "behavior": recording.behavior,
    }


def state_of(twin):
    return twin.net_.module_.state_dict()


def test_trials_of_unequal_length_are_lists(recording):
    (videos, responses), traces = data_of(recording)
    lengths = (18, 12, 15)
    cut = [v[:n] for v, n in zip(videos, lengths, strict=True)]
    traces = {
        k: [t[:, :n] for t, n in zip(v, lengths, strict=True)]
        for k, v in traces.items()
    }
    y = [r[:, :n] for r, n in zip(responses, lengths, strict=True)]
    twin = DigitalTwinRegressor(recording.twin, **QUICK).fit(cut, y, **traces)
    rates = twin.predict(cut, **traces)
    assert [r.shape for r in rates] == [(4, n) for n in lengths]
    whole = twin.predict(videos, **data_of(recording)[1])
    for rate, all_of_it, n in zip(rates, whole, lengths, strict=True):
        np.testing.assert_allclose(rate, all_of_it[:, :n], rtol=1e-5)
    assert np.isfinite(twin.score(cut, y, **traces))


@pytest.mark.parametrize("options", [{"chunk_frames": 5}, {"trials_at_once": 3}])
def test_chunks_and_batches_do_not_change_predictions(fitted, recording, options):
    (videos, _), traces = data_of(recording)
    expected = fitted.predict(videos, **traces)
    before = fitted.get_params(deep=False)
    try:
        fitted.set_params(**options)
        np.testing.assert_allclose(
            fitted.predict(videos, **traces), expected, rtol=1e-5
        )
    finally:
        fitted.set_params(**{name: before[name] for name in options})


def test_half_precision_and_compiled_predictions_are_close(fitted, recording):
    (videos, _), traces = data_of(recording)
    expected = fitted.predict(videos, **traces)
    size = expected.std()
    allowed = {"tf32": 1e-6, "bfloat16": 0.1}  # no GPU is needed: tf32 does nothing
    try:
        for precision, tolerance in allowed.items():
            rates = fitted.set_params(precision=precision).predict(videos, **traces)
            off = np.abs(rates - expected).max() / size
            assert off <= tolerance and rates.dtype == expected.dtype, precision
        assert off > 1e-6, "eight bits do not make the same"
        fitted.set_params(precision="float32", compile="eager", chunk_frames=6)
        rates = fitted.predict(videos[:1], **traces_of(traces, 0))
        np.testing.assert_allclose(rates, expected[:1], rtol=1e-5)
    finally:
        fitted.set_params(precision="float32", compile=False, chunk_frames=16)
    assert torch.backends.cuda.matmul.fp32_precision != "tf32"


def test_half_precision_trains(recording):
    (videos, responses), traces = data_of(recording)
    twins = [
        DigitalTwinRegressor(recording.twin, precision=name, **QUICK).fit(
            videos, responses, **traces
        )
        for name in ("float32", "bfloat16")
    ]
    plain, half = (twin.loss_curve_ for twin in twins)
    assert half == pytest.approx(plain, rel=0.02) and half != plain
    dtypes = {name: v.dtype for name, v in state_of(twins[0]).items()}
    assert {name: v.dtype for name, v in state_of(twins[1]).items()} == dtypes


def test_pieces_of_a_long_movie_are_predicted_as_the_whole(fitted, recording):
    (videos, _), traces = data_of(recording)
    expected = fitted.predict(videos[:1], **traces_of(traces, 0))[0]
    alone = {name: trace[0] for name, trace in traces.items()}
    for movie in (videos[0], (videos[0][k : k + 7] for k in range(0, 18, 7))):
        parts = list(fitted.iter_predict(movie, chunk_frames=7, **alone))
        assert [p.shape[1] for p in parts] == [7, 7, 4]
        np.testing.assert_allclose(np.concatenate(parts, 1), expected, rtol=1e-5)


def test_memory_does_not_grow_with_the_length_of_a_movie():
    pytest.importorskip("resource")  # not on Windows
    code = """if True:
        import resource, sys
        import numpy as np
        from skneuro.compat.fnn import from_fnn
        from skneuro.datasets import make_twin_data

        made = make_twin_data(2, n_trials=1, n_test_videos=1, duration=0.2)
        network = made.twin.net_.module_
        sizes = {k: v for k, v in network.options_given.items() if k != "n_neurons"}
        twin = from_fnn(network.state_dict(), network_params=sizes, device="cpu")
        rng, peaks, n_frames = np.random.default_rng(0), [], 0

        def pieces():
            for _ in range(24):
                yield rng.integers(256, size=(50, 144, 256), dtype=np.uint8)

        for rates in twin.iter_predict(pieces()):
            n_frames += rates.shape[1]
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        unit = 2**20 if sys.platform == "darwin" else 2**10
        print(n_frames, (peaks[-1] - peaks[7]) / unit)
    """
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    n_frames, grown = out.stdout.split()
    assert int(n_frames) == 1200
    assert float(grown) < 10, "MiB; 800 frames are 28 MiB"


@pytest.mark.parametrize(
    ("n", "message"), [(10, "10 .* 14 or more"), (19, "19 .* 18 ")]
)
def test_traces_as_long_as_the_pieces_are_wanted(fitted, recording, n, message):
    movie = recording.videos[0]
    pieces = (movie[k : k + 7] for k in range(0, 18, 7))
    with pytest.raises(ValueError, match=f"gaze has {message}"):
        list(fitted.iter_predict(pieces, gaze=np.zeros((2, n))))


def traces_of(traces, trial):
    return {name: trace[[trial]] for name, trace in traces.items()}


def test_the_core_is_kept_and_only_new_parts_are_trained(fitted, recording):
    new, old = state_of(fitted), state_of(recording.twin)
    for name, value in new.items():
        if name.startswith(("core.", "modulation.lstm.")):
            assert torch.equal(value, old[name]), name
    assert not torch.equal(
        new["readout.feature.weights.0"],
        torch.zeros_like(new["readout.feature.weights.0"]),
    )
    assert fitted.core is recording.twin
    assert clone(fitted).core is recording.twin
    assert clone(FrozenEstimator(fitted)).n_neurons_ == 4


class Killed(RuntimeError):
    """What stops a training."""


class Kill(Callback):
    """Stop at the beginning of the third epoch."""

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            raise Killed


def test_same_seed_same_weights_and_a_run_that_was_killed_ends_the_same(
    recording, tmp_path
):
    (videos, responses), traces = data_of(recording)
    options = QUICK | {"max_epochs": 3}
    whole = DigitalTwinRegressor(recording.twin, **options)
    whole.fit(videos, responses, **traces)

    options["checkpoint"] = tmp_path / "twin.ckpt"
    with pytest.raises(Killed):
        DigitalTwinRegressor(recording.twin, callbacks=[Kill()], **options).fit(
            videos, responses, **traces
        )
    resumed = DigitalTwinRegressor(recording.twin, **options)
    resumed.fit(videos, responses, **traces)
    for name, value in state_of(whole).items():
        assert torch.equal(value, state_of(resumed)[name]), name
    assert resumed.loss_curve_ == pytest.approx(whole.loss_curve_)
    with pytest.raises(ValueError, match=r"written with the seed .* same random_state"):
        clone(resumed).set_params(random_state=1).fit(videos, responses, **traces)
    with pytest.raises(ValueError, match="is of another network"):
        clone(resumed).fit(videos, responses[:, :2], **traces)


def test_trials_that_are_held_out_choose_the_epoch(recording, tmp_path):
    (videos, responses), traces = data_of(recording)
    options = QUICK | {"max_epochs": 4, "lr": 3.0, "validation_fraction": 0.34}
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
            seen.append({k: v.clone() for k, v in net.module_.state_dict().items()})
            sizes = [len(data.videos) for data in (dataset_train, dataset_valid)]
            assert sizes == [2, 1]

    twins = {}
    for keep_best in (False, True):
        seen.clear()
        twin = DigitalTwinRegressor(
            recording.twin, callbacks=[Watch()], keep_best=keep_best, **options
        )
        twins[keep_best] = twin.fit(videos, responses, **traces)
        curve, best = twin.validation_curve_, twin.best_epoch_
        assert len(curve) == len(twin.loss_curve_) == 4
        assert best == np.argmin(curve)
        chosen = seen[best if keep_best else -1]
        assert all(torch.equal(v, chosen[k]) for k, v in state_of(twin).items())
    assert twins[False].validation_curve_ == twins[True].validation_curve_
    options["checkpoint"] = tmp_path / "half.ckpt"
    half = DigitalTwinRegressor(
        recording.twin, callbacks=[Kill()], keep_best=True, **options
    )
    with pytest.raises(Killed):
        half.fit(videos, responses, **traces)
    resumed = clone(half).set_params(callbacks=None).fit(videos, responses, **traces)
    assert resumed.validation_curve_ == pytest.approx(curve)
    for name, value in state_of(resumed).items():
        assert torch.equal(value, state_of(twins[True])[name]), name
    for fraction, message in ((0.1, "is none; hold out"), (0.9, "leaves none of 3")):
        bad = clone(half).set_params(validation_fraction=fraction)
        with pytest.raises(ValueError, match=message):
            bad.fit(videos, responses, **traces)


def test_recomputing_activations_changes_no_weight(recording):
    (videos, responses), traces = data_of(recording)
    plain, sparing = (
        DigitalTwinRegressor(recording.twin, recompute_frames=n, **QUICK).fit(
            videos, responses, **traces
        )
        for n in (None, 3)
    )
    for name, value in state_of(plain).items():
        torch.testing.assert_close(value, state_of(sparing)[name], rtol=1e-3, atol=1e-5)


def test_gaze_and_behavior_are_routed_through_pipelines(fitted, recording):
    (videos, _), traces = data_of(recording)
    with sklearn.config_context(enable_metadata_routing=True):
        step = FrozenEstimator(fitted)
        fitted.set_predict_request(gaze=True, behavior=True)
        chain = make_pipeline(FunctionTransformer(None), fitted)
        np.testing.assert_array_equal(
            chain.predict(videos, **traces), fitted.predict(videos, **traces)
        )
        assert clone(step).predict(videos).shape == (3, 4, 18)


@pytest.mark.parametrize("sample_stream", [True, False])
@pytest.mark.parametrize("sizes", [{}, {"bound": "sigmoid"}, {"unit": "elu_mse"}])
def test_a_readout_that_starts_by_regression_knows_the_neurons(
    recording, sizes, sample_stream
):
    (videos, responses), traces = data_of(recording)
    options = QUICK | {"lr": 1e-9, "max_epochs": 1, "batches_per_epoch": 1}
    errors = {}
    for start in ("zero", "regression"):
        twin = DigitalTwinRegressor(
            recording.twin,
            frozen=("core", "modulation", "perspective"),
            network_params=sizes,
            readout_start=start,
            sample_stream=sample_stream,
            **options,
        )
        rates = twin.fit(videos, responses, **traces).predict(videos, **traces)
        errors[start] = np.square(rates - responses)[..., 2:].mean()
    assert errors["regression"] < 0.9 * errors["zero"]


def test_saved_twins_come_back(fitted, recording, tmp_path):
    fitted.save(tmp_path / "twin.safetensors")
    again = load_twin(tmp_path / "twin.safetensors", device="cpu")
    np.testing.assert_array_equal(
        again.predict(recording.videos), fitted.predict(recording.videos)
    )
    other = DigitalTwinRegressor(tmp_path / "twin.safetensors", **QUICK)
    other.fit(recording.videos, recording.responses)
    name = "core.feedforward.out.weights.0"
    assert torch.equal(state_of(other)[name], state_of(fitted)[name])


def test_weights_of_fnn_become_a_twin(small_golden, make_small_network, tmp_path):
    entry = small_golden["microns"]
    params = make_small_network(entry["config"]).options_given
    params = {k: v for k, v in params.items() if k != "n_neurons"}
    torch.save(entry["state_dict"], tmp_path / "all.pt")
    inputs = entry["inputs"]
    for source in (entry["state_dict"], tmp_path / "all.pt"):
        twin = from_fnn(source, network_params=params, device="cpu")
        rates = twin.predict(
            inputs["stimuli"].transpose(1, 0, 2, 3, 4),
            gaze=inputs["perspectives"].transpose(1, 2, 0),
            behavior=inputs["modulations"].transpose(1, 2, 0),
        )
        expected = entry["response"].transpose(1, 2, 0)
        np.testing.assert_allclose(rates, expected, rtol=1e-5, atol=1e-5)
    (tmp_path / "code.pt").write_bytes(b'cos\nsystem\n(S"true"\ntR.')
    with pytest.raises(ValueError, match=r"code\.pt is not .* nothing of it was run"):
        from_fnn(tmp_path / "code.pt")
    state = dict(entry["state_dict"])
    state["readout.biasses.0"] = state.pop("readout.biases.0")
    message = "lack 'readout.biases.0' and hold 'readout.biasses.0'.*nearest known"
    with pytest.raises(ValueError, match=message):
        from_fnn(state, network_params=params)
    with pytest.raises(ValueError, match=r"has shape .* expects .*network_params"):
        from_fnn(entry["state_dict"], network_params=params | {"recurrent_out": 7})


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X": np.zeros((3, 18, 36, 64))}, TypeError, "float64, expected uint8"),
        (
            {"X": np.zeros((3, 18, 20, 64), np.uint8)},
            ValueError,
            r"\(20, 64\) pixels, expected \(36, 64\)",
        ),
        ({"X": np.zeros((18, 36, 64), np.uint8)}, ValueError, r"pass video\[None\]"),
        ({"gaze": np.zeros((3, 2, 17))}, ValueError, r"gaze .*\(2, 17\).*18 frames"),
        ({"behavior": np.zeros((2, 2, 18))}, ValueError, "behavior has 2 trials.* 3"),
    ],
)
def test_bad_input_is_named(fitted, recording, change, error, message):
    arguments = {"X": recording.videos, **change}
    with pytest.raises(error, match=message):
        fitted.predict(**arguments)


def test_bad_responses_and_parameters_are_named(recording):
    (videos, responses), _ = data_of(recording)
    broken = responses.copy()
    broken[1, 2, 3] = np.nan
    with pytest.raises(ValueError, match=r"responses\[1\]\[2, 3\] is nan"):
        DigitalTwinRegressor(**QUICK).fit(videos, broken)
    with pytest.raises(ValueError, match=r"shape \(4, 17\), but its video 18 frames"):
        DigitalTwinRegressor(**QUICK).fit(videos, responses[..., :17])
    with pytest.raises(ValueError, match=r"responses\[1\]\[2, 3\] is -1.0.*elu_mse"):
        DigitalTwinRegressor(**QUICK).fit(videos, np.where(np.isnan(broken), -1, 1))
    with pytest.raises(ValueError, match="did you mean 'recurrent'"):
        DigitalTwinRegressor(network_params={"recurrents": "rvt"}).fit(
            videos, responses
        )


def test_missing_samples_of_behavior_are_filled_with_a_warning(fitted, recording):
    behavior = recording.behavior.copy()
    behavior[0, 0] = np.nan
    behavior[1, 1, 5] = np.nan
    with pytest.warns(UserWarning, match="19 of 108 samples of behavior are NaN"):
        got = fitted.predict(recording.videos, behavior=behavior)
    filled = recording.behavior.copy()
    filled[0, 0] = 0
    filled[1, 1, 5] = filled[1, 1, [4, 6]].mean()
    expected = fitted.predict(recording.videos, behavior=filled)
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_the_generator_itself_reaches_the_ceiling(recording):
    traces = {"gaze": recording.test_gaze, "behavior": recording.test_behavior}
    rates = recording.twin.predict(recording.test_videos, **traces)
    np.testing.assert_allclose(rates, recording.test_rates, rtol=1e-5)
    noise_free = recording.twin.score(recording.test_videos, rates, **traces)
    # signal power counts samples less one, variance all: 1 over the ratio of both
    n_times = 2 * (18 - 10)
    assert noise_free == pytest.approx(np.sqrt((n_times - 1) / n_times), rel=1e-5)


@pytest.mark.parametrize("kind", ["mlp_lstm", "flat_lstm", "sigmoid_lstm"])
def test_the_memory_of_behavior_is_kept_whatever_the_modulation(recording, kind):
    (videos, responses), traces = data_of(recording)
    sizes = recording.twin.net_.module_.options_given | {
        "modulation": kind,
        "modulation_features": 3,
        "dropout": 0.5,
    }
    del sizes["n_neurons"]
    scratch = DigitalTwinRegressor(network_params=sizes, **QUICK)
    scratch.fit(videos, responses, **traces)
    new = DigitalTwinRegressor(scratch, **QUICK).fit(videos, responses, **traces)
    old, now = state_of(scratch), state_of(new)
    gates = [name for name in now if "modulation" in name and "proj_i" in name]
    assert gates
    same = {k for k, v in now.items() if torch.equal(v, old[k])}
    assert same.issuperset(gates)
    assert same.issuperset(k for k in now if k.startswith("core."))
    network = new.net_.module_
    trained = {k for k, p in network.named_parameters() if p.requires_grad}
    behaviour = {k.split(".")[1] for k in trained if k.startswith("modulation.")}
    first = {"mlp_lstm": {"mlp"}, "flat_lstm": {"proj_x"}, "sigmoid_lstm": {"sigmoid"}}
    assert behaviour == first[kind]
    x = torch.randn(5, 2, network.streams, 2)
    cell = network.modulation.bind(batch=2)
    network.train()
    noisy = network.modulation.bind(batch=2)
    network.eval()
    assert torch.equal(cell(x)[0], noisy(x)[0])  # frozen parts drop nothing out


def test_a_part_that_is_not_there_is_named(recording):
    (videos, responses), _ = data_of(recording)
    twin = DigitalTwinRegressor(recording.twin, frozen=("cor",), **QUICK)
    with pytest.raises(ValueError, match=r"frozen has 'cor'.*did you mean 'core'"):
        twin.fit(videos, responses)
