"""The catalog: cards agree with the code, the registry and what is said of models."""

import inspect
import runpy
from pathlib import Path

import pytest
import requests
from sklearn.dummy import DummyRegressor
from sklearn.utils import Bunch

import skneuro.datasets
import skneuro.encoding
from skneuro.datasets import (
    _encoder_catalog,
    _encoders,
    describe_encoder,
    fetch_encoder,
    fetch_encoder_metadata,
    list_encoders,
    register_encoder,
)
from skneuro.io import load_registry
from skneuro.io._cards import card_keys, load_cards

ROOT = Path(__file__).parents[2]
BUILT = [card for card in load_cards().values() if card["status"] == "built"]
REQUIRED = {
    "modality",
    "training_dataset",
    "dataset_name",
    "species",
    "stimuli",
    "model_type",
    "creator",
    "licence",
    "description",
    "subjects",
    "references",
    "files",
    "input",
    "output",
    "parameters",
    "performance",
}


@pytest.mark.parametrize("card", BUILT, ids=lambda card: card["model_id"])
def test_cards_agree_with_the_code(card):
    assert set(card) >= REQUIRED
    fetcher = getattr(skneuro.datasets, card["fetcher"])
    assert _encoders._FETCHERS[card["model_id"]] is fetcher
    assert card["model_id"] in _encoders._METADATA
    assert hasattr(skneuro.encoding, card["estimator"])
    signature = inspect.signature(fetcher).parameters
    assert set(card["parameters"]) <= set(signature)
    assert card["model_id"].startswith(card["modality"])
    text = inspect.getdoc(fetcher)
    for name in card.get("rois", ()):
        assert name in text


@pytest.mark.parametrize(
    "card",
    [card for card in load_cards().values() if "files" in card],
    ids=lambda card: card["model_id"],
)
def test_every_file_of_a_card_is_in_the_registry(card):
    registry = load_registry()
    for key in card_keys(card):
        assert registry[key].url.endswith(key)
        assert card["licence"] == registry[key].licence


def test_the_registry_lists_as_many_files_as_the_bucket():
    registry = load_registry()
    fwrf = "encoding_models/modality-fmri/train_dataset-nsd/model-fwrf"
    assert len(registry.match(f"{fwrf}/encoding_models_weights")) == 200
    assert len(registry.match(f"{fwrf}/metadata")) == 184
    assert len(registry.match(f"{fwrf}/encoding_models_accuracy")) == 9
    for kind in ("encoding_models_weights", "metadata"):
        assert len(registry.match(f"*nsd_fsaverage/model-vit_b_32/{kind}/*")) == 8
        assert len(registry.match(f"*things_eeg_2/model-vit_b_32/{kind}/*")) == 10
    images = registry.match("berg_tutorials/tutorial_images")
    assert len(images) == 100
    assert images[0].endswith("000000000139.jpg")
    assert images[-1].endswith("000000009891.jpg")


def test_models_without_a_reader_are_said_to_have_none():
    table = list_encoders()
    assert len(table) == 23
    assert set(table["status"]) == {"built", "reader not built yet"}
    assert (table.loc[table["status"] != "built", "fetcher"] == "").all()
    with pytest.raises(NotImplementedError, match="reader is not built yet"):
        fetch_encoder("fmri-bmd-s3d", subject=1)
    with pytest.raises(NotImplementedError, match="reader is not built yet"):
        fetch_encoder_metadata("fmri-bmd-s3d")
    assert "bunch = " not in describe_encoder("fmri-bmd-s3d").text


def test_list_can_be_narrowed():
    assert set(list_encoders(modality="eeg")["modality"]) == {"eeg"}
    assert set(list_encoders(built_only=True)["status"]) == {"built"}
    with pytest.raises(ValueError, match=r"modality='EEG', but there are .*eeg"):
        list_encoders(modality="EEG")


def test_unknown_models_are_named():
    with pytest.raises(ValueError, match=r"model_id='fwrf', but there are .*fmri-nsd"):
        describe_encoder("fwrf")
    with pytest.raises(ValueError, match="but there are"):
        fetch_encoder("fwrf")


@pytest.mark.parametrize("model_id", load_cards())
def test_cards_print_as_text_and_html(model_id):
    card = describe_encoder(model_id)
    assert card.text.startswith(model_id)
    assert "terms of use" in card.text
    page = card._repr_html_()
    assert model_id in page
    assert page.count("<tr>") == page.count("</tr>") > 4
    assert repr(card) == card.text


def test_example_code_of_a_card_calls_what_exists():
    text = describe_encoder("fmri-nsd-fwrf").text
    assert "bunch = fetch_nsd_fwrf(subject=1, roi='V1')" in text


@pytest.fixture
def forget(monkeypatch):
    monkeypatch.setattr(_encoder_catalog, "_OWN", {})


CARD = {
    "model_id": "fmri-sounds-<mine>",
    "modality": "fmri",
    "training_dataset": "sounds",
    "species": "human",
    "stimuli": "sounds",
}


@pytest.mark.usefixtures("forget")
def test_own_encoders_are_listed_and_loaded():
    register_encoder(CARD, lambda subject: Bunch(encoder=DummyRegressor(), n=subject))
    assert fetch_encoder("fmri-sounds-<mine>", subject=3).n == 3
    assert list_encoders().loc["fmri-sounds-<mine>", "status"] == "registered"
    card = describe_encoder("fmri-sounds-<mine>")
    assert "&lt;mine&gt;" in card._repr_html_()
    assert "BERG" not in card.text  # its terms are not those of BERG


@pytest.mark.usefixtures("forget")
def test_cards_of_ones_own_may_say_anything():
    more = {
        "files": ["a.pt", "b.npy"],
        "subjects": 3,
        "parameters": {"subject": "1 to 3", "roi": {"valid_values": ["A1"]}},
        "references": "Somebody (2024)",
    }
    register_encoder({**CARD, **more}, lambda: 3)
    row = list_encoders().loc["fmri-sounds-<mine>"]
    assert (row["n_files"], row["subjects"]) == (2, 3)
    text = describe_encoder("fmri-sounds-<mine>").text
    assert "parameters: subject: 1 to 3; roi: ['A1']" in text
    assert "- Somebody (2024)\n" in text
    with pytest.raises(NotImplementedError, match=r"take fetch_encoder\(...\).meta"):
        fetch_encoder_metadata("fmri-sounds-<mine>")
    with pytest.raises(TypeError, match="returned a int; expected a Bunch"):
        fetch_encoder("fmri-sounds-<mine>")


@pytest.mark.usefixtures("forget")
@pytest.mark.parametrize(
    ("card", "loader", "error", "words"),
    [
        ({**CARD, "species": ""}, len, ValueError, "card has no species"),
        ({**CARD, "model_id": "fmri-nsd-fwrf"}, len, ValueError, "published model"),
        ({**CARD, "model_id": 3}, len, ValueError, "card has no model_id.*a text"),
        ([1], len, TypeError, "card is a list, expected a dictionary"),
        (CARD, 3, TypeError, "loader is a int"),
    ],
)
def test_wrong_registrations_are_refused(card, loader, error, words):
    with pytest.raises(error, match=words):
        register_encoder(card, loader)


# -- the script that makes the registry rows ------------------------------------------


@pytest.fixture
def script():
    return runpy.run_path(str(ROOT / "datasets/berg/build_registry.py"))


def test_script_makes_the_rows_of_the_registry(script, tmp_path):
    path = tmp_path / "registry.csv"
    script["update_registry"](script["build_rows"](), path)
    ours = load_registry()
    built = load_registry(path)
    assert len(built) == 564
    for key, row in built.items():
        assert ours[key].url == row.url
        assert ours[key].citation == row.citation


def test_script_fills_in_hashes_from_a_server(
    script, tmp_path, serve_folder, make_registry
):
    folder = tmp_path / "bucket"
    rows = [r for r in script["build_rows"]() if "model-fwrf/metadata" in r["key"]][:3]
    url, asked = serve_folder(folder)
    for i, row in enumerate(rows):
        row["url"] = f"{url}/{row['key']}"
        file = folder / row["key"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(10 + i))
    path = tmp_path / "registry.csv"
    script["update_registry"](rows, path)
    assert not any(row.verified for row in load_registry(path).values())
    assert script["fill"](path, script["ask"]) == 3
    assert [row.bytes for row in load_registry(path).values()] == [10, 11, 12]
    assert script["fill"](path, script["download"], only=rows[0]["key"]) == 1
    assert script["fill"](path, script["download"]) == 2  # the others
    assert script["fill"](path, script["download"]) == 0
    expected = make_registry(folder, url)
    for key, row in load_registry(path).items():
        assert row.hash == expected[key].hash
    assert len(asked) == 6


def test_script_notices_a_changed_file(script, tmp_path, serve_folder):
    (tmp_path / "x.pt").write_bytes(b"new")
    url, _ = serve_folder(tmp_path)
    row = {"key": "x.pt", "url": f"{url}/x.pt", "hash": "sha256:" + "0" * 64}
    with (
        requests.Session() as session,
        pytest.raises(ValueError, match="the registry"),
    ):
        script["download"](row, session)
    row = {"key": "backbones/a-00000000.pth", "url": f"{url}/x.pt", "hash": ""}
    with requests.Session() as session, pytest.raises(ValueError, match="name denies"):
        script["download"](row, session)
