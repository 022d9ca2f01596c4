"""The released twins, from an archive in the layout of the release."""

import functools
import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
import torch

from skneuro.datasets import _microns, fetch_foundation_core, fetch_microns_twin
from skneuro.datasets._microns import _read_scan
from skneuro.exceptions import NotCachedError
from skneuro.io import fetch_file, load_registry
from skneuro.twin._network import TwinNetwork


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Archive of one scan of five neurons at full size, weights random."""
    folder = tmp_path_factory.mktemp("release")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = TwinNetwork(n_neurons=5).eval()
        for name, parameter in network.named_parameters():
            if name.startswith("readout"):
                parameter.data.normal_()
    state = network.state_dict()
    core = {k: v for k, v in state.items() if k.startswith("core.")}
    torch.save(core, folder / "params_core.pt")
    rest = {k: v for k, v in state.items() if k not in core}
    torch.save(rest, folder / "params_8_5.pt")
    units = pd.DataFrame(
        {
            "session": 8,
            "scan_idx": 5,
            "unit_id": [9, 7, 5, 3, 1],
            "readout_id": [4, 3, 2, 1, 0],
        }
    )
    other = units.assign(session=4, scan_idx=7)
    pd.concat([other, units]).to_csv(folder / "units.csv", index=False)
    path = folder / "release.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in ("params_core.pt", "params_8_5.pt", "units.csv"):
            archive.write(folder / file, f"release/{file}")
    return path, network


def test_a_scan_of_the_release_becomes_a_twin(release):
    path, network = release
    scan = fetch_microns_twin(8, 5, archive=path, device="cpu")
    assert scan.metadata["unit_id"].tolist() == [1, 3, 5, 7, 9]
    video = np.random.default_rng(0).integers(
        256, size=(1, 2, 144, 256), dtype=np.uint8
    )
    with torch.no_grad():
        log_rate, _ = network(torch.from_numpy(video).transpose(0, 1))
    expected = log_rate.exp()[:, 0].T
    np.testing.assert_allclose(scan.twin.predict(video)[0], expected, rtol=1e-5)
    with pytest.raises(ValueError, match=r"expected \(144, 256\)"):
        scan.twin.predict(video[..., :200])


def test_a_scan_is_fetched_once(
    release, serve_folder, make_registry, tmp_path, monkeypatch
):
    path, network = release
    served = tmp_path / "served" / _microns._KEY
    served.parent.mkdir(parents=True)
    shutil.copy(path, served)
    url, asked = serve_folder(tmp_path / "served")
    registry = make_registry(tmp_path / "served", url)
    fetch = functools.partial(fetch_file, registry=registry)
    monkeypatch.setattr(_microns, "fetch_file", fetch)
    for _ in range(2):
        twin = fetch_microns_twin(8, 5, device="cpu").twin
    assert len(asked) == 1
    name = "core.feedforward.out.weights.3"
    got = twin.net_.module_.state_dict()[name]
    assert torch.equal(got, network.state_dict()[name])


def test_the_core_comes_from_the_archive_too(release):
    with pytest.raises(ValueError, match=r"lacks params_4_7\.pt"):
        fetch_foundation_core(archive=release[0], device="cpu")


def test_an_archive_that_lacks_a_file_is_named(release):
    with pytest.raises(ValueError, match=r"lacks params_4_7\.pt"):
        _read_scan(release[0], 4, 7, "cpu")


def test_a_scan_without_twin_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"session=7, scan=4 .*\n*.*session=7, scan=3"):
        fetch_microns_twin(7, 4)


def test_nothing_is_downloaded_unless_allowed():
    with pytest.raises(NotCachedError, match="microns/foundational_model_weights"):
        fetch_microns_twin(download_if_missing=False)
    row = load_registry()["microns/foundational_model_weights_and_metadata_v1.zip"]
    assert row.hash == "md5:58fcac4b31ad2902c81e339432cec787"
