"""Region tables: sizes, order, groups."""

import numpy as np
import pytest

from skneuro.datasets import load_atlas_labels


def test_aal2_has_its_120_regions_in_order():
    regions = load_atlas_labels("aal2")
    names = regions["name"].tolist()
    assert len(names) == len(set(names)) == 120
    assert names[:2] == ["Precentral_L", "Precentral_R"]
    assert [names[i] for i in (40, 46, 74, 80, 82, 94)] == [
        "Hippocampus_L",
        "Calcarine_L",
        "Caudate_L",
        "Thalamus_L",
        "Heschl_L",
        "Cerebelum_Crus1_L",
    ]
    assert names[112] == "Vermis_1_2"
    assert names[-1] == "Vermis_10"


def test_aal2_alternates_between_hemispheres():
    regions = load_atlas_labels("aal2")
    assert (regions["hemisphere"][:112:2] == "left").all()
    assert (regions["hemisphere"][1:112:2] == "right").all()
    assert (regions["hemisphere"][112:] == "midline").all()
    assert (regions["x"][:112:2] < 0).all()
    assert (regions["x"][1:112:2] > 0).all()


def test_aal2_groups_are_those_of_the_reference():
    group = load_atlas_labels("aal2")["group"]
    expected = np.array(["cortex"] * 120, dtype=object)
    expected[40:44] = "hippocampus"
    expected[44:46] = "amygdala"
    expected[74:80] = "basal_ganglia"
    expected[80:82] = "thalamus"
    expected[94:] = "cerebellum"
    np.testing.assert_array_equal(group, expected)


@pytest.mark.parametrize(
    ("name", "lobe", "position"),
    [
        ("Precentral_L", "frontal", (-38.93, -6.96, 49.64)),
        ("Calcarine_R", "occipital", (15.71, -74.45, 8.02)),
        ("Insula_L", "insula", (-35.41, 5.44, 2.17)),
        ("Thalamus_R", "subcortical", (12.70, -18.77, 6.73)),
    ],
)
def test_aal2_positions_are_in_mni_space(name, lobe, position):
    row = load_atlas_labels("aal2").set_index("name").loc[name]
    assert row["lobe"] == lobe
    np.testing.assert_allclose(row[["x", "y", "z"]].astype(float), position, atol=0.005)


def test_desikan_killiany_has_34_regions_on_each_side():
    regions = load_atlas_labels("desikan_killiany")
    names = regions["name"]
    assert len(names) == names.nunique() == 68
    assert names[[0, 33, 34, 67]].tolist() == [
        "bankssts_L",
        "insula_L",
        "bankssts_R",
        "insula_R",
    ]
    assert (names[:34].str[:-2].to_numpy() == names[34:].str[:-2].to_numpy()).all()
    assert (regions["hemisphere"][:34] == "left").all()
    assert (regions["hemisphere"][34:] == "right").all()
    assert set(regions["lobe"]) == {
        "frontal",
        "parietal",
        "temporal",
        "occipital",
        "cingulate",
        "insula",
    }


def test_an_unknown_atlas_is_refused_with_the_ones_there_are():
    with pytest.raises(ValueError, match=r"'aal2', 'desikan_killiany'|desikan"):
        load_atlas_labels("aal3")
