# SPDX-License-Identifier: Apache-2.0
"""Bundles are verified before anything of them is used; every refusal quotes what is wrong and what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mm_nav import share
from mm_nav.core.config import ModelSpec
from mm_nav.engine.bundle import check_text_encoder, find_bundle, load_bundle, write_manifest
from mm_nav.errors import BundleError
from mm_nav.version import __version__
from tests.engine.networks import ENCODER, SPEC

Sealed = Callable[..., Path]


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Rewrite a manifest."""
    file = folder / "manifest.json"
    manifest = json.loads(file.read_text())
    change(manifest)
    file.write_text(json.dumps(manifest))


def refusal(folder: Path | str) -> str:
    """The text of the error, which must be one line."""
    with pytest.raises(BundleError) as caught:
        load_bundle(folder)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_sealed_bundle_comes_back_with_its_spec_and_tensors(sealed: Sealed) -> None:
    bundle = load_bundle(sealed(name="corner"))
    assert (bundle.name, bundle.version) == ("corner", __version__)
    assert bundle.spec == SPEC
    assert bundle.onnx_path.is_file()
    assert [t["name"] for t in bundle.manifest["inputs"]][:2] == ["camera_image", "camera_grid"]
    assert bundle.manifest["outputs"][0]["shape"] == ["batch", SPEC.grid.rows, SPEC.grid.columns]


@pytest.mark.parametrize("name", share.names("models"))
def test_a_shipped_network_tells_nothing_of_the_machine_that_exported_it(name: str) -> None:
    assert traces(load_bundle(name).onnx_path) == []


def test_an_exported_network_tells_nothing_of_the_machine_that_exported_it(real_bundle: Path) -> None:
    assert traces(real_bundle / "model.onnx") == []


def traces(file: Path) -> list[bytes]:
    """What torch's exporter notes of its sources that stands in ``file``."""
    content = file.read_bytes()
    return [word for word in (b"pkg.torch", b"stack_trace", b'File "') if word in content]


def test_the_path_of_the_manifest_or_of_the_network_means_their_folder(sealed: Sealed) -> None:
    folder = sealed()
    assert find_bundle(folder / "manifest.json") == folder
    assert find_bundle(str(folder / "model.onnx")) == folder


@pytest.mark.fault("E01")
def test_a_missing_bundle_is_named_with_how_to_get_one() -> None:
    text = refusal("nowhere")
    assert "'nowhere'" in text
    assert "mm_nav train" in text


def test_a_bundle_is_found_by_name_in_the_share_folder(
    sealed: Sealed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "prefix" / "share" / "mm_nav" / "models"
    installed.mkdir(parents=True)
    sealed(name="corner").rename(installed / "corner")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "prefix"))
    assert load_bundle("corner").path == installed / "corner"
    assert load_bundle("models/corner").path == installed / "corner"
    assert "corner" in share.names("models")
    assert "corner" in refusal("corne")


def test_a_folder_without_a_manifest_is_not_a_bundle(tmp_path: Path) -> None:
    assert "has no manifest.json" in refusal(tmp_path)


def test_a_manifest_that_is_no_json_is_refused(sealed: Sealed) -> None:
    folder = sealed()
    (folder / "manifest.json").write_text('{"format_version": 1,')
    assert "manifest.json cannot be read" in refusal(folder)


def test_a_manifest_that_is_not_an_object_is_refused(sealed: Sealed) -> None:
    folder = sealed()
    (folder / "manifest.json").write_text("[1]")
    assert "holds list" in refusal(folder)


def test_an_unknown_format_is_refused_with_the_version_that_wrote_it(sealed: Sealed) -> None:
    folder = sealed()
    edit(folder, lambda m: m.update(format_version=9, mm_nav_version="7.0.0"))
    text = refusal(folder)
    assert "format_version 9" in text
    assert "'7.0.0'" in text


def test_a_missing_key_is_named(sealed: Sealed) -> None:
    folder = sealed()
    edit(folder, lambda m: m.pop("text_encoder"))
    assert "['text_encoder']" in refusal(folder)


@pytest.mark.fault("E04")
def test_a_single_flipped_bit_is_refused_with_both_hashes(sealed: Sealed) -> None:
    folder = sealed()
    file = folder / "model.onnx"
    wanted = json.loads((folder / "manifest.json").read_text())["files"]["model.onnx"]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    text = refusal(folder)
    assert "was altered" in text
    assert wanted[:12] in text
    assert wanted not in text  # shortened: nobody reads 64 digits twice


@pytest.mark.fault("E01")
def test_a_missing_network_file_is_named(sealed: Sealed) -> None:
    folder = sealed()
    (folder / "model.onnx").unlink()
    assert "lacks model.onnx" in refusal(folder)


@pytest.mark.parametrize("name", ["../model.onnx", "/etc/passwd", "sub/model.onnx"])
@pytest.mark.fault("E05", "C03")
def test_a_manifest_may_not_reach_out_of_its_folder(sealed: Sealed, name: str) -> None:
    folder = sealed()
    edit(folder, lambda m: m["files"].update({name: "0" * 64}))
    assert "only plain file names" in refusal(folder)


def test_an_unknown_number_in_the_spec_is_named(sealed: Sealed) -> None:
    folder = sealed()
    edit(folder, lambda m: m["spec"].update(wheels=4))
    assert "wheels" in refusal(folder)


def test_a_grid_of_another_layout_is_refused(sealed: Sealed) -> None:
    folder = sealed()
    edit(folder, lambda m: m["spec"]["grid"].update(layers=4))
    assert "layers" in refusal(folder)


@pytest.mark.fault("E16")
def test_classes_that_do_not_fit_the_outputs_are_refused(sealed: Sealed) -> None:
    folder = sealed()
    edit(folder, lambda m: m["spec"]["classes"].append("dog"))
    text = refusal(folder)
    assert "object_class" in text
    assert "[\"batch\", 5, 24, 24]" in text


def test_an_output_that_this_version_does_not_know_is_refused(sealed: Sealed) -> None:
    folder = sealed()
    edit(folder, lambda m: m["outputs"].append({"name": "depth", "dtype": "float32", "shape": [1]}))
    assert "['depth']" in refusal(folder)


def test_another_text_encoder_is_refused_with_what_to_install(sealed: Sealed) -> None:
    bundle = load_bundle(sealed())
    check_text_encoder(bundle, ENCODER)
    with pytest.raises(BundleError, match=r"pip install 'words==1'"):
        check_text_encoder(bundle, {**ENCODER, "version": "2", "sha256": "1" * 64})


def test_an_empty_folder_cannot_be_sealed(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"neither model\.onnx nor"):
        write_manifest(tmp_path, spec=SPEC, text_encoder=ENCODER)


def test_an_encoder_of_another_length_cannot_be_sealed(sealed: Sealed) -> None:
    with pytest.raises(BundleError, match="768"):
        write_manifest(sealed(), spec=ModelSpec(phrase_dim=768), text_encoder=ENCODER)
