"""Centres of the regions of an atlas image, and the regions of points."""

import nibabel
import numpy as np
import pytest

from skneuro.datasets import (
    find_atlas_regions,
    load_atlas_centroids,
    load_atlas_labels,
)


def make_atlas(centres, half=1):
    """An image of 2 mm with a cube of voxels for each centre, numbered from 101."""
    affine = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
    volume = np.zeros((91, 109, 91), np.int32)
    for number, centre in enumerate(centres, 101):
        i, j, k = np.round(np.linalg.inv(affine) @ [*centre, 1])[:3].astype(int)
        volume[
            i - half : i + half + 1, j - half : j + half + 1, k - half : k + half + 1
        ] = number
    return nibabel.Nifti1Image(volume, affine)


@pytest.fixture
def centres():
    """Centres of four regions of AAL2 far from each other, in mm, on the voxels."""
    table = load_atlas_labels("aal2").iloc[[0, 1, 44, 90]]
    return 2 * np.round(table[["x", "y", "z"]].to_numpy() / 2)


def test_centres_are_found_in_mm(centres, tmp_path):
    atlas = make_atlas(centres)
    found = load_atlas_centroids(atlas)
    np.testing.assert_allclose(found[["x", "y", "z"]], centres, atol=1e-6)
    assert found["code"].tolist() == [101, 102, 103, 104]
    nibabel.save(atlas, tmp_path / "atlas.nii.gz")
    assert load_atlas_centroids(tmp_path / "atlas.nii.gz").equals(found)


def test_small_islands_do_not_move_a_centre(centres):
    atlas = make_atlas(centres)
    volume = np.asarray(atlas.dataobj).copy()
    volume[5, 5, 5] = 101
    found = load_atlas_centroids(nibabel.Nifti1Image(volume, atlas.affine))
    np.testing.assert_allclose(found[["x", "y", "z"]], centres, atol=1e-6)


def test_names_are_put_beside(centres):
    names = {101: "a", 102: "b", 103: "c", 104: "d", 105: "e"}
    found = load_atlas_centroids(make_atlas(centres), names=names)
    assert found["name"].tolist() == ["a", "b", "c", "d"]
    with pytest.raises(ValueError, match=r"names lacks the regions \[103, 104\]"):
        load_atlas_centroids(make_atlas(centres), names={101: "a", 102: "b"})


@pytest.mark.parametrize(
    "volume",
    [np.zeros((3, 3, 3), np.int16), np.full((3, 3, 3), 0.5), np.ones((3, 3, 3, 2))],
)
def test_images_without_regions_say_so(volume):
    with pytest.raises(ValueError, match="expected a volume of whole numbers"):
        load_atlas_centroids(nibabel.Nifti1Image(volume, np.eye(4)))


def test_points_lie_in_the_region_of_their_voxel(centres):
    atlas = make_atlas(centres)  # cubes of 6 mm, seen from the right
    rng = np.random.default_rng(0)
    order = rng.integers(0, 4, 200)
    inside = centres[order] + rng.uniform(-2.99, 2.99, (200, 3))
    np.testing.assert_array_equal(find_atlas_regions(inside, atlas), 101 + order)
    beside = centres[order] + [3.01, 0.0, 0.0]
    assert not find_atlas_regions(beside, atlas).any()
    far = [[1e6, 0.0, 0.0], [-90.9, 0.0, 0.0], [-91.1, -126.0, -72.0]]
    assert not find_atlas_regions(far, atlas).any()


def test_points_outside_take_the_nearest_region_within_the_radius(centres):
    atlas = make_atlas(centres)
    points = centres[[0, 1, 2]] + [[0, 0, 5.0], [0, 0, 7.1], [0, 0, 3.5]]
    # centres of the outermost voxels lie 2 mm from those of the regions
    found = find_atlas_regions(points, atlas, radius=5.0, names={101: "a", 103: "c"})
    assert found.tolist() == ["a", "", "c"]
    found = find_atlas_regions(points, atlas, radius=5.0, names={101: "a"})
    assert found.tolist() == ["a", "", ""]
    np.testing.assert_array_equal(
        find_atlas_regions(points, atlas, radius=5.2), [101, 102, 103]
    )


def test_tilted_images_are_read_by_their_affine(centres):
    atlas = make_atlas(centres)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]]
    turn[:3, 3] = [3.0, -7.0, 11.0]
    tilted = nibabel.Nifti1Image(np.asarray(atlas.dataobj), turn @ atlas.affine)
    points = np.column_stack([centres, np.ones(4)]) @ turn.T
    np.testing.assert_array_equal(
        find_atlas_regions(points[:, :3], tilted), [101, 102, 103, 104]
    )


def test_wrong_points_and_missing_names_say_so(centres):
    atlas = make_atlas(centres)
    with pytest.raises(ValueError, match=r"coords has shape \(4, 2\)"):
        find_atlas_regions(centres[:, :2], atlas)
    with pytest.raises(ValueError, match=r"none of the numbers \[1, 2\]"):
        find_atlas_regions(centres, atlas, names={1: "a", 2: "b"})
    with pytest.raises(TypeError, match="image is a ndarray, expected a file"):
        find_atlas_regions(centres, np.ones((3, 3, 3)))
    with pytest.raises(ValueError, match="radius"):
        find_atlas_regions(centres, atlas, radius=-1.0)
