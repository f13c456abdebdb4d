# SPDX-License-Identifier: Apache-2.0
"""A bundle: the folder that holds a network, its numbers and the proof that nobody altered it.

``manifest.json`` names every file with its sha256, the ModelSpec, the tensors and the text encoder that the
weights were trained with. Knows no backend and reads no network file beyond hashing it.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mm_nav import share
from mm_nav.core.config import ModelSpec
from mm_nav.engine.contract import TensorSpec, inputs_of, outputs_of
from mm_nav.errors import BundleError, ConfigError
from mm_nav.version import __version__

FORMAT_VERSION = 1
ONNX_NAME = "model.onnx"
WEIGHTS_NAME = "weights.safetensors"
MANIFEST_NAME = "manifest.json"
KEYS = ("format_version", "name", "mm_nav_version", "spec", "files", "inputs", "outputs", "text_encoder")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A verified bundle. ``version`` is the mm_nav that wrote it."""

    name: str
    version: str
    path: Path
    spec: ModelSpec
    manifest: dict[str, Any]

    @property
    def onnx_path(self) -> Path:
        """The graph for ONNX Runtime; may be absent from a bundle that holds torch weights alone."""
        return self.path / ONNX_NAME

    @property
    def weights_path(self) -> Path:
        """The weights for torch (safetensors); may be absent."""
        return self.path / WEIGHTS_NAME

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Tensors of a batched FusionInput."""
        return inputs_of(self.spec)

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Tensors of a batched FusionOutput."""
        return outputs_of(self.spec)


def file_sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def find_bundle(name: str | Path) -> Path:
    """Folder of a bundle: a path, or the name of one that came with the package.

    Raises:
        BundleError: there is none; says where it looked and how to get one.
    """
    path = Path(name).expanduser()
    if path.is_file() and path.name in (MANIFEST_NAME, ONNX_NAME):
        path = path.parent
    if path.is_dir():
        return path
    plain = len(path.parts) == 1 or path.parts[:-1] == ("models",)
    if plain and not path.is_absolute() and (found := share.find("models", path.name)) is not None and found.is_dir():
        return found
    known = ", ".join(share.names("models")) or "none"
    raise BundleError(
        f"no bundle {str(name)!r}: neither a folder nor one of the installed bundles ({known}); "
        f"train one with `mm_nav train BAG… --out {name}`"
    )


def load_bundle(path: str | Path) -> Bundle:
    """Read and verify a bundle.

    Args:
        path: a folder, or the name of a bundle that came with the package ("base").

    Raises:
        BundleError: missing, unreadable, altered, of another format or not fitting its own numbers.
    """
    folder = find_bundle(path)
    manifest = _read_manifest(folder)
    try:
        spec = ModelSpec.from_json(manifest["spec"])
    except (ConfigError, TypeError, AttributeError, KeyError) as error:
        raise BundleError(f"bundle {folder}: {error}") from error
    _check_tensors(folder, manifest, spec)
    _check_files(folder, manifest["files"])
    name, version = str(manifest["name"]), str(manifest["mm_nav_version"])
    return Bundle(name=name, version=version, path=folder, spec=spec, manifest=manifest)


def write_manifest(
    folder: Path,
    *,
    spec: ModelSpec,
    text_encoder: Mapping[str, Any],
    name: str | None = None,
    files: Sequence[str] | None = None,
    training: Mapping[str, Any] | None = None,
    metrics: Mapping[str, Any] | None = None,
    precisions: Mapping[str, Any] | None = None,
) -> Path:
    """Seal a folder that holds ``model.onnx`` and/or ``weights.safetensors``: hash them and write the manifest.

    Args:
        folder: the bundle; its name is the bundle's name unless ``name`` is given.
        files: names to hash; the network files that are there unless given.
        text_encoder: what ``UseEncoder.identity`` says.
        training: how it was made, free form. metrics: how good it is, free form.
        precisions: what was measured of networks in other arithmetic; see mm_nav/engine/precision.py.

    Raises:
        BundleError: there is no network file, or the encoder does not fit ``spec.phrase_dim``.
    """
    networks = [n for n in (ONNX_NAME, WEIGHTS_NAME) if (folder / n).is_file()]
    if not networks:
        raise BundleError(f"{folder} holds neither {ONNX_NAME} nor {WEIGHTS_NAME}; export the network there first")
    if text_encoder.get("dim") != spec.phrase_dim:
        raise BundleError(f"text encoder gives {text_encoder.get('dim')} numbers, the spec wants {spec.phrase_dim}")
    manifest = {
        "format_version": FORMAT_VERSION,
        "name": name or folder.name,
        "mm_nav_version": __version__,
        "spec": spec.to_json(),
        "files": {n: file_sha256(folder / n) for n in files or networks},
        "inputs": [t.to_json() for t in inputs_of(spec)],
        "outputs": [t.to_json() for t in outputs_of(spec)],
        "text_encoder": dict(text_encoder),
        "training": dict(training or {}),
        "metrics": dict(metrics or {}),
        **({"precisions": dict(precisions)} if precisions else {}),
    }
    draft = folder / f".{MANIFEST_NAME}.{os.getpid()}"
    draft.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return draft.replace(folder / MANIFEST_NAME)


def check_text_encoder(bundle: Bundle, identity: Mapping[str, Any]) -> None:
    """The words must be embedded as they were in training.

    Raises:
        BundleError: another encoder than the one the weights were trained with.
    """
    wanted = bundle.manifest["text_encoder"]
    if wanted.get("sha256") == identity.get("sha256"):
        return
    raise BundleError(
        f"bundle {bundle.name!r} was trained with text encoder {wanted.get('name')} {wanted.get('version')} "
        f"(sha256 {_short(wanted.get('sha256'))}), installed is {identity.get('name')} {identity.get('version')} "
        f"({_short(identity.get('sha256'))}); pip install '{wanted.get('name')}=={wanted.get('version')}'"
    )


def _read_manifest(folder: Path) -> dict[str, Any]:
    file = folder / MANIFEST_NAME
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(
            f"{folder} is not a bundle: it has no {MANIFEST_NAME}; train one with `mm_nav train BAG… --out {folder}`"
        ) from None
    except (OSError, ValueError) as error:
        raise BundleError(f"{file} cannot be read: {error}; restore the file or train the bundle again") from error
    if not isinstance(manifest, dict):
        raise BundleError(f"{file} holds {type(manifest).__name__}, not an object; restore the file")
    found = manifest.get("format_version")
    if found != FORMAT_VERSION:
        raise BundleError(
            f"bundle {folder} has format_version {found!r}, mm_nav {__version__} reads {FORMAT_VERSION}; "
            f"it was written by mm_nav {manifest.get('mm_nav_version')!r}: install that version or export again"
        )
    if lacks := [key for key in KEYS if key not in manifest]:
        raise BundleError(f"{file} lacks {lacks}; restore the file or train the bundle again")
    return manifest


def _check_tensors(folder: Path, manifest: dict[str, Any], spec: ModelSpec) -> None:
    for side, wanted in (("inputs", inputs_of(spec)), ("outputs", outputs_of(spec))):
        said = {t.get("name"): t for t in manifest[side]} if isinstance(manifest[side], list) else {}
        for tensor in wanted:
            if said.get(tensor.name) != tensor.to_json():
                raise BundleError(
                    f"bundle {folder}: {side} say {json.dumps(said.get(tensor.name))}, its spec needs {tensor}; "
                    "the manifest contradicts itself, export the bundle again"
                )
        if odd := sorted(set(said) - {t.name for t in wanted}, key=str):
            raise BundleError(f"bundle {folder}: {side} has {odd}, which this mm_nav does not know; export it again")
    dim = manifest["text_encoder"].get("dim") if isinstance(manifest["text_encoder"], dict) else None
    if dim != spec.phrase_dim:
        raise BundleError(f"bundle {folder}: text_encoder dim {dim!r} is not phrase_dim {spec.phrase_dim}; export it again")


def _check_files(folder: Path, files: object) -> None:
    if not isinstance(files, dict) or not files:
        raise BundleError(f"bundle {folder} lists no files; export it again")
    for name, wanted in files.items():
        if Path(name).name != name:
            raise BundleError(f"bundle {folder} lists {name!r}; only plain file names are allowed in a bundle")
        file = folder / name
        try:
            found = file_sha256(file)
        except FileNotFoundError:
            raise BundleError(
                f"bundle {folder} lacks {name}, which its manifest lists; restore it (git, or copy the whole folder "
                "again) or train the bundle again"
            ) from None
        except OSError as error:
            raise BundleError(f"{file} cannot be read: {error}; check its permissions") from error
        if found != wanted:
            raise BundleError(
                f"{file} was altered: sha256 is {_short(found)}, the manifest says {_short(wanted)}; "
                "restore it (git, or copy the whole folder again) or export the bundle again"
            )


def _short(digest: object) -> str:
    text = str(digest)
    return text if len(text) <= 12 else f"{text[:12]}…"
