# SPDX-License-Identifier: Apache-2.0
"""Other precisions: what the exporter hides is said plainly, layers become 8 bits within the error, and proof is kept."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mm_nav import share
from mm_nav.engine import load_bundle
from mm_nav.engine.precision import proof, settle
from mm_nav.errors import ConfigError, EngineError
from mm_nav.train.export import settled
from mm_nav.train.quantise import multiplications, quantise, relative_error
from mm_nav.train.variants import ExportConfig, driven, main

RNG = np.random.default_rng(0)


def network(hidden: bool = False) -> onnx.ModelProto:
    """Three convolutions with clips between; ``hidden``: zero biases and limits behind operators, as torch's exporter leaves them."""
    nodes, weights = [helper.make_node("Constant", [], ["zero"], value_float=0.0), helper.make_node("Constant", [], ["six"], value_int=6),
                      helper.make_node("Constant", [], ["eight"], value_ints=[8])], []  # fmt: skip
    last, width = "x", 3
    for i in range(3):
        kernel = (RNG.normal(size=(8, width, 3, 3)) / np.sqrt(9 * width)).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"w{i}"))
        inputs = [last, f"w{i}"]
        if hidden:
            nodes += [helper.make_node("CastLike", ["zero", last], [f"z{i}"]), helper.make_node("Expand", [f"z{i}", "eight"], [f"b{i}"])]
            nodes += [helper.make_node("CastLike", ["zero", last], [f"low{i}"]), helper.make_node("CastLike", ["six", last], [f"high{i}"])]
            inputs.append(f"b{i}")
        else:
            weights += [numpy_helper.from_array(np.float32(v), f"{n}{i}") for n, v in (("low", 0.0), ("high", 6.0))]
        nodes += [helper.make_node("Conv", inputs, [f"y{i}"], name=f"conv{i}", pads=[1, 1, 1, 1]),
                  helper.make_node("Clip", [f"y{i}", f"low{i}", f"high{i}"], [f"c{i}" if i < 2 else "out"])]  # fmt: skip
        last, width = f"c{i}", 8
    sides = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])], [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 8, 8, 8])]
    return helper.make_model(helper.make_graph(nodes, "three", *sides, weights), opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_hidden_constants_are_said_plainly_and_the_answers_stay() -> None:
    model = network(hidden=True)
    evaluate = onnx.reference.ReferenceEvaluator
    x = {"x": RNG.normal(size=(1, 3, 8, 8)).astype(np.float32)}
    before = evaluate(model).run(None, x)[0]
    plain = settled(model)
    onnx.checker.check_model(plain)
    assert {n.op_type for n in plain.graph.node} <= {"Conv", "Clip", "Constant"}
    assert all(len(n.input) == 2 for n in plain.graph.node if n.op_type == "Conv")
    np.testing.assert_array_equal(evaluate(plain).run(None, x)[0], before)


def test_layers_become_8_bits_within_the_error_and_none_within_nothing(tmp_path: Path) -> None:
    path = tmp_path / "float.onnx"
    onnx.save(network(), path)
    frames = [{"x": RNG.normal(size=(1, 3, 8, 8)).astype(np.float32)} for _ in range(8)]
    made = quantise(path, frames[:4], frames[4:], ["out"], limit=0.5)  # without VNNI sums of 8-bit products saturate: 0.1, not 0.01
    assert len(made.layers) == made.candidates == 3
    assert made.share == 1.0
    assert 0 < made.mean_error <= 0.5
    tight = quantise(path, frames[:4], frames[4:], ["out"], limit=0.05)
    assert 0 < tight.mean_error <= 0.05
    assert set(tight.layers) <= set(made.layers)
    assert sum(n.op_type == "QuantizeLinear" for n in made.model.graph.node) >= 3
    with pytest.raises(EngineError, match=r"no convolution can be quantised within an error of 0\.0%"):
        quantise(path, frames[:4], frames[4:], ["out"], limit=0.0)


def test_signed_activations_have_no_offset_as_tensorrt_wants(tmp_path: Path) -> None:
    path = tmp_path / "float.onnx"
    onnx.save(network(), path)
    frames = [{"x": RNG.normal(size=(1, 3, 8, 8)).astype(np.float32)} for _ in range(4)]
    made = quantise(path, frames, frames, ["out"], signed=True, limit=0.1)
    zeros = [numpy_helper.to_array(t) for t in made.model.graph.initializer if "zero_point" in t.name and t.data_type == TensorProto.INT8]
    assert zeros
    assert not any(z.any() for z in zeros)


def test_the_work_of_a_convolution_is_counted() -> None:
    work = multiplications(network(), {"x": np.zeros((1, 3, 8, 8), np.float32)})
    assert work["conv0"] == ("w0", 8 * 3 * 9 * 64)


def test_the_error_is_relative_and_over_all_frames() -> None:
    wanted = [[np.array([3.0, 0.0])], [np.array([0.0, 4.0])]]
    found = [[np.array([3.0, 0.0])], [np.array([0.0, 4.5])]]
    assert relative_error(found, wanted, ["a"]) == {"a": pytest.approx(0.1)}


def report(path: Path, rate: float, seeds: range = range(3)) -> Path:
    """A closed-loop report with as much of it as is read."""
    path.write_text(json.dumps({"success_rate": rate, "episodes": [{"seed": s} for s in seeds]}))
    return path


def test_proof_is_two_reports_over_the_same_worlds(tmp_path: Path) -> None:
    before, after = report(tmp_path / "a.json", 0.95), report(tmp_path / "b.json", 0.951)
    assert driven((before, after)) == {"before": 0.95, "after": 0.951, "scenarios": 3, "first_seed": 0}
    with pytest.raises(ConfigError, match="different worlds"):
        driven((before, report(tmp_path / "c.json", 0.951, range(1, 4))))
    with pytest.raises(ConfigError, match="takes two reports"):
        driven((before,))
    (tmp_path / "d.json").write_text("[]")
    with pytest.raises(ConfigError, match="not two closed-loop reports"):
        driven((before, tmp_path / "d.json"))


def test_a_precision_is_used_by_default_once_it_is_proven(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = share.find("models", "base")
    assert source is not None
    folder = Path(shutil.copytree(source, tmp_path / "base"))
    wide = frozenset({"avx512f", "avx512_bf16"})
    for before, after, used in ((0.95, 0.9, False), (0.95, 0.946, True)):
        reports = (report(tmp_path / "a.json", before), report(tmp_path / "b.json", after))
        assert main(ExportConfig(bundle=str(folder), precision="bf16", proof=reports)) == 0
        bundle = load_bundle(folder)
        assert bool(proof(bundle, "bf16")) != used
        assert settle(bundle, "openvino", "auto", wide)[0] == ("bf16" if used else "f32")
        assert ("used by default" in capsys.readouterr().out.replace("not used by default", "")) == used
    card = (folder / "README.md").read_text()
    assert card.count("## Other precisions") == 1
    assert "0.950, 0.946 in 3 worlds" in card
