"""Tables of the release, from a loopback server in the layout of the release."""

import numpy as np
import pandas as pd
import pytest

from skneuro.datasets import fetch_microns_properties
from skneuro.exceptions import NotCachedError, UnverifiedDownloadWarning
from skneuro.io import load_registry

FOLDER = "microns/digital_twin_properties/v2"


def write_release(root):
    """Two scans of three neurons; other tables are in another order, one row short."""
    units = pd.DataFrame(
        {
            "session": [4, 4, 4, 8, 8, 8],
            "scan_idx": [7, 7, 7, 5, 5, 5],
            "unit_id": [1, 2, 5, 1, 3, 4],
        }
    )
    rng = np.random.default_rng(0)
    values = {
        "readout": [],
        "performance": ["cc_abs", "cc_max", "cc_norm"],
        "ori_dir_tuning": ["OSI", "DSI", "gOSI", "gDSI", "pref_ori", "pref_dir"],
        "anatomy": ["unit_x", "unit_y", "unit_z"],
    }
    for name, columns in values.items():
        (root / name).mkdir(parents=True)
        table = units.assign(**{column: rng.random(6) for column in columns})
        if name == "anatomy":
            table = table.assign(brain_area=["V1", "LM"] * 3, field=1).drop(index=4)
        if name != "readout":
            table = table.sample(frac=1, random_state=0)
        table.to_csv(root / name / "units.csv", index=False)
        pd.DataFrame({"animal_id": [17797]}).to_csv(
            root / name / "metadata.csv", index=False
        )
    np.save(root / "readout" / "readout_locations.npy", np.arange(12.0).reshape(6, 2))
    weights = np.arange(6 * 512, dtype=np.float32).reshape(6, 512)
    np.save(root / "readout" / "readout_weights.npy", weights)
    return units


@pytest.fixture
def mirror(tmp_path, serve_folder, monkeypatch):
    """Address of a server that holds the release, what was asked for, its neurons."""
    units = write_release(tmp_path / "served" / FOLDER)
    url, asked = serve_folder(tmp_path / "served")
    monkeypatch.setenv("SKNEURO_MIRROR", url)
    return asked, units, tmp_path / "served" / FOLDER


def test_tables_of_the_release_become_one(mirror):
    asked, units, root = mirror
    with pytest.warns(UnverifiedDownloadWarning):
        found = fetch_microns_properties()
    table = found.metadata
    keys = ["session", "scan_idx", "unit_id"]
    pd.testing.assert_frame_equal(table[keys], units)
    assert table["readout_x"].tolist() == [0, 2, 4, 6, 8, 10]
    assert table["readout_y"].tolist() == [1, 3, 5, 7, 9, 11]
    right = pd.read_csv(root / "ori_dir_tuning" / "units.csv").sort_values(keys)
    np.testing.assert_array_equal(table["gOSI"], right["gOSI"])
    assert table["brain_area"].isna().tolist() == [False] * 4 + [True, False]
    assert found.readout_weights is None
    assert f"{FOLDER}/readout/readout_weights.npy" not in asked
    n_asked = len(asked)
    again = fetch_microns_properties(8, 5)
    assert len(asked) == n_asked, "it comes from the cache"
    assert again.metadata["unit_id"].tolist() == [1, 3, 4]


def test_readout_weights_come_in_the_order_of_the_table(mirror):
    with pytest.warns(UnverifiedDownloadWarning):
        found = fetch_microns_properties(session=8, readout_weights=True)
    assert found.readout_weights.shape == (3, 512)
    assert found.readout_weights[:, 0].tolist() == [3 * 512, 4 * 512, 5 * 512]


def test_a_file_of_another_form_is_named(mirror):
    *_, root = mirror
    np.save(root / "readout" / "readout_locations.npy", np.zeros((5, 2)))
    with (
        pytest.warns(UnverifiedDownloadWarning),
        pytest.raises(ValueError, match=r"shape \(5, 2\).* 6 neurons"),
    ):
        fetch_microns_properties()


def test_a_table_without_its_columns_is_named(mirror):
    *_, root = mirror
    pd.DataFrame({"session": [8]}).to_csv(root / "performance/units.csv", index=False)
    with (
        pytest.warns(UnverifiedDownloadWarning),
        pytest.raises(ValueError, match="lacks the column 'scan_idx'"),
    ):
        fetch_microns_properties()


def test_bad_scans_are_named_before_anything_is_fetched():
    with pytest.raises(ValueError, match=r"session=7, scan=4 has no twin"):
        fetch_microns_properties(7, 4)
    with pytest.raises(ValueError, match=r"session=1 has no twin; .* session=4"):
        fetch_microns_properties(1)
    with pytest.raises(ValueError, match="pass the session too"):
        fetch_microns_properties(scan=5)
    with pytest.raises(NotCachedError, match="digital_twin_properties"):
        fetch_microns_properties(download_if_missing=False)


def test_the_registry_knows_the_public_addresses():
    rows = [load_registry()[key] for key in load_registry().match(FOLDER)]
    assert len(rows) == 6
    assert all("digital_twin_properties/v2/" in row.url for row in rows)
