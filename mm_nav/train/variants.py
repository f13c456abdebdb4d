# SPDX-License-Identifier: Apache-2.0
"""``mm_nav export BUNDLE``: its networks again, from its weights, in float32 or in another precision, with what that costs.

The float network is written as training writes it. Others are measured against it, output by output, on frames of
recordings that did not calibrate them; the figures go into the manifest and the card. A precision is used by default only
once driving was measured with it, too (``--proof``). The bundle is replaced only when everything of the new one was written.
"""

import json
import logging
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import onnx
import tyro
from numpy.typing import NDArray
from rich.console import Console

from mm_nav.bags.playback import readings
from mm_nav.bags.reader import BagReader
from mm_nav.core.types import FusionInput, Utterance
from mm_nav.engine import Engine, load_bundle, open_engine
from mm_nav.engine.bundle import MANIFEST_NAME, WEIGHTS_NAME, Bundle, file_sha256, find_bundle
from mm_nav.engine.contract import batched
from mm_nav.engine.eager import load_net
from mm_nav.engine.precision import ERROR_LIMIT, NETWORKS, described, proof
from mm_nav.engine.text import open_text_encoder
from mm_nav.errors import ConfigError, EngineError
from mm_nav.pipeline import Pipeline
from mm_nav.train.dataset import frames
from mm_nav.train.export import TOLERANCE, compare, replace_bundle, to_onnx
from mm_nav.train.quantise import folded, quantise, relative_error

HEADING = "## Other precisions"
KEPT_WIDE = ("GridSample", "ReduceL2", "ReduceSum", "Pow", "Sqrt", "Div", "Resize")  # sums and coordinates overflow or round in half
HELD_SHARE = 4  # one frame of so many is held back for measuring
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """Which bundle, which precision, and on what to measure it."""

    bundle: Annotated[str, tyro.conf.Positional]
    """A folder, or the name of a bundle that came with the package."""
    precision: Literal["f32", "bf16", "fp16", "int8", "int8-signed"] = "f32"
    """int8 is for CPUs, int8-signed and fp16 for TensorRT; bf16 writes no file and is only measured."""
    calibrate: tuple[Path, ...] = ()
    """Recordings whose frames show the ranges of values and measure the error; needed for all but f32."""
    frames: int = 128
    """How many frames of them, evenly spread; every fourth one measures and does not calibrate."""
    limit: float = ERROR_LIMIT
    """Mean relative error over the outputs up to which int8 takes further layers."""
    proof: tuple[Path, ...] = ()
    """Two reports of `mm_nav evaluate closed-loop --json`: with f32, and with this precision, over the same worlds."""
    threads: int = 0
    """Inference threads; 0 leaves it to the backend."""


def main(config: ExportConfig) -> int:
    """Export, measure, seal, and say what came out."""
    bundle = load_bundle(find_bundle(config.bundle))
    if config.proof:
        measured = dict(bundle.manifest.get("precisions", {}).get(config.precision, {})) | {"success_rate": driven(config.proof)}
        text = described(measured)
        _reseal(bundle, None, config.precision, measured)
    elif config.precision == "f32":
        text = f"largest difference from torch {_float_again(bundle):.1e}"
    else:
        measured = _other(bundle, config)
        text = described(measured)
    fresh = load_bundle(bundle.path)
    why = proof(fresh, config.precision)
    Console().print(f"{bundle.path}: {config.precision}, {text}; {'not used by default: ' + why if why else 'used by default'}", highlight=False)
    return 0


def recorded(bags: Sequence[Path], bundle: Bundle, count: int) -> list[FusionInput]:
    """Inputs of the network as the robot would have made them, ``count`` evenly spread over all recordings.

    Raises:
        BagError: unreadable, or without a synchronised frame. ConfigError: no recordings are given.
    """
    if not bags:
        raise ConfigError("measuring a precision needs recordings: add --calibrate BAG…; `mm_nav simulate --out DIR` makes some")
    encoder, engine = open_text_encoder(bundle), open_engine(bundle, "ort", precision="f32")
    found = []
    for bag in bags:
        pipeline = Pipeline(engine, encoder, bundle.spec)
        with BagReader(bag) as reader:
            said = [r for _, r, _ in readings(reader) if isinstance(r, Utterance)]
        for utterance in said:
            pipeline.command(utterance.text, utterance.stamp_ns)
        found += [pipeline.step(frame).fusion_input for frame in frames(bag, bundle.spec)]
    return [found[i] for i in np.unique(np.linspace(0, len(found) - 1, count).round().astype(int))]


def measure(candidate: Engine, reference: Engine, inputs: Sequence[FusionInput], names: Sequence[str]) -> dict[str, Any]:
    """Error of every output and how often the most likely place of the goal is the same one."""
    def run(engine: Engine) -> list[list[NDArray[Any]]]:
        return [[getattr(out, name) for name in names] for out in map(engine.run, inputs)]

    found, wanted = run(candidate), run(reference)
    error = relative_error(found, wanted, names)
    goal = names.index("goal_map")
    same = np.mean([f[goal][0].argmax() == w[goal][0].argmax() for f, w in zip(found, wanted, strict=True)])
    return {"output_error": round(float(np.mean(list(error.values()))), 6), "outputs": {k: round(v, 6) for k, v in error.items()},
            "goal_cell_same": round(float(same), 4), "frames": len(inputs), "backend": candidate.name}  # fmt: skip


def driven(reports: Sequence[Path]) -> dict[str, Any]:
    """Success rates of two closed-loop reports over the same worlds.

    Raises:
        ConfigError: not two, unreadable, or of different worlds.
    """
    if len(reports) != 2:
        raise ConfigError(f"--proof takes two reports, with f32 and with the other precision, got {len(reports)}")
    try:
        before, after = (json.loads(path.read_text(encoding="utf-8")) for path in reports)
        seeds = [[e["seed"] for e in report["episodes"]] for report in (before, after)]
        rates = {"before": float(before["success_rate"]), "after": float(after["success_rate"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{reports[0]} and {reports[1]} are not two closed-loop reports ({error!r}); write them with --json") from error
    if seeds[0] != seeds[1]:
        raise ConfigError(f"{reports[0]} and {reports[1]} are of different worlds; give both the same --scenarios and --seed")
    return {**rates, "scenarios": len(seeds[0]), "first_seed": seeds[0][0]}


def _float_again(bundle: Bundle) -> float:
    """Write model.onnx from the weights; returns the largest difference from torch."""
    if WEIGHTS_NAME not in bundle.manifest["files"]:
        raise EngineError(f"bundle {bundle.name!r} has no {WEIGHTS_NAME}, from which to export; train it again")
    part = _copy(bundle)
    try:
        to_onnx(load_net(bundle).eval(), bundle.spec, part / NETWORKS["f32"])
        _seal(part, bundle.manifest, NETWORKS["f32"], None, {})
        worst = compare(part)
        if worst > TOLERANCE:
            raise EngineError(f"ONNX differs from torch by {worst:.2e} > {TOLERANCE:.0e}; {bundle.path} was not replaced")
        replace_bundle(bundle.path, part)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return worst


def _other(bundle: Bundle, config: ExportConfig) -> dict[str, Any]:
    """Make the network of another precision, measure it, put both into the bundle; returns the figures."""
    inputs = recorded(config.calibrate, bundle, config.frames)
    held = inputs[::HELD_SHARE]
    names = [t.name for t in bundle.outputs]
    part = _copy(bundle)
    file = None if config.precision == "bf16" else NETWORKS[config.precision]
    extra: dict[str, Any] = {}
    try:
        if config.precision == "fp16":
            onnx.save(half(bundle.onnx_path), str(part / NETWORKS["fp16"]))
        elif file is not None:
            arrays = [batched(x, bundle.inputs) for x in inputs]
            ranges = [a for i, a in enumerate(arrays) if i % HELD_SHARE]
            made = quantise(bundle.onnx_path, ranges, arrays[::HELD_SHARE], names, signed=config.precision == "int8-signed", limit=config.limit)
            onnx.save(made.model, str(part / file))
            extra = {"layers": len(made.layers), "of_layers": made.candidates, "share_of_multiplications": round(made.share, 4)}
        _seal(part, bundle.manifest, file, config.precision, {})
        reference = open_engine(bundle, "ort", config.threads, "f32")
        measured = measure(_candidate(load_bundle(part), config), reference, held, names) | extra
        _seal(part, bundle.manifest, file, config.precision, measured)
        replace_bundle(bundle.path, part)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return measured


def _candidate(bundle: Bundle, config: ExportConfig) -> Engine:
    """The engine that runs a precision on this machine: OpenVINO for what it is fastest in, else ONNX Runtime."""
    backend = "openvino" if config.precision in {"bf16", "int8"} else "ort"
    return open_engine(bundle, backend, config.threads, config.precision)


def half(path: Path) -> onnx.ModelProto:
    """The network in float16 with float32 inputs and outputs; what would overflow or round away stays in float32.

    A strongly typed TensorRT network computes in exactly the types that stand here.
    """
    from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

    model: onnx.ModelProto = convert_float_to_float16(
        folded(path), keep_io_types=True, disable_shape_infer=False, op_block_list=[*DEFAULT_OP_BLOCK_LIST, *KEPT_WIDE]
    )
    return model


def _reseal(bundle: Bundle, file: str | None, precision: str, measured: dict[str, Any]) -> None:
    part = _copy(bundle)
    try:
        _seal(part, bundle.manifest, file, precision, measured)
        replace_bundle(bundle.path, part)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _copy(bundle: Bundle) -> Path:
    part = bundle.path.with_name(bundle.path.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        return Path(shutil.copytree(bundle.path, part))
    except OSError as error:
        raise ConfigError(f"{part} cannot be written ({error}); copy the bundle to a folder of yours and export it there") from error


def _seal(folder: Path, manifest: dict[str, Any], file: str | None, precision: str | None, measured: dict[str, Any]) -> None:
    """Write manifest and card anew with one file and one precision changed."""
    files = dict(manifest["files"])
    if file is not None:
        files[file] = file_sha256(folder / file)
    precisions = dict(manifest.get("precisions", {}))
    if precision is not None and measured:
        precisions[precision] = measured
    whole = {**manifest, "files": files, **({"precisions": precisions} if precisions else {})}
    draft = folder / f".{MANIFEST_NAME}.{os.getpid()}"
    draft.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(folder / MANIFEST_NAME)
    card = folder / "README.md"
    if precisions and card.is_file():
        before = card.read_text(encoding="utf-8").partition(f"\n{HEADING}\n")[0].rstrip("\n")
        card.write_text(f"{before}\n\n{HEADING}\n\n{_table(precisions)}", encoding="utf-8")


def _table(precisions: dict[str, Any]) -> str:
    rows = ["Against float32, on frames of recordings that did not calibrate them (mean over the outputs of |difference| / |float32|):", "",
            "| precision | output error | largest | goal cell the same | success rate before, after | layers |", "|---|---|---|---|---|---|"]  # fmt: skip
    for name, m in sorted(precisions.items()):
        worst = max(m.get("outputs", {"none": 0.0}).items(), key=lambda item: item[1])
        rate = m.get("success_rate")
        driving = f"{rate['before']:.3f}, {rate['after']:.3f} in {rate['scenarios']} worlds" if rate else "not measured"
        layers = f"{m['layers']} of {m['of_layers']} convolutions" if "layers" in m else "all"
        rows.append(f"| {name} | {m.get('output_error', 0):.2%} | {worst[1]:.2%} ({worst[0]}) | {m.get('goal_cell_same', 0):.1%} | {driving} | {layers} |")
    return "\n".join(rows) + "\n"
