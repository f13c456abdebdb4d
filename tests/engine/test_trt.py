# SPDX-License-Identifier: Apache-2.0
"""Every name that the TensorRT backend uses is one that NVIDIA publishes; it has run on no GPU here."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

ENGINE = Path(__file__).parents[2] / "mm_nav" / "engine"
OURS = {  # objects of TensorRT and what is used of them, besides what is written trt.NAME
    "network", "parser", "config", "builder", "engine", "_engine", "_context", "_runtime", "kept",
}  # fmt: skip


def published() -> set[str]:
    """Words in the published bindings, which cannot be imported without NVIDIA's libraries."""
    found = importlib.util.find_spec("tensorrt_bindings")
    if found is None or not found.submodule_search_locations:
        pytest.skip("tensorrt-cu13-bindings is not installed; pip install 'mm_nav[dev]' on x86_64")
    folder = Path(next(iter(found.submodule_search_locations)))
    data = b"".join(path.read_bytes() for path in (folder / "tensorrt.so", folder / "__init__.py"))
    return {word.decode() for word in re.findall(rb"[A-Za-z_][A-Za-z0-9_]{2,}", data)}


def used(source: str) -> set[str]:
    """Attributes that are read from ``trt`` (to any depth) and from objects of it."""
    out = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Attribute):
            continue
        base: ast.expr = node.value
        while isinstance(base, ast.Attribute) and not (isinstance(base.value, ast.Name) and base.value.id == "self"):
            base = base.value
        name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
        if name == "trt" or name in OURS:
            out.add(node.attr)
    return out


def test_every_attribute_is_in_the_published_bindings() -> None:
    names = used((ENGINE / "trt.py").read_text("utf-8"))
    assert {"STRONGLY_TYPED", "set_tensor_address", "execute_async_v3", "IProgressMonitor", "serialize"} <= names
    assert names - published() == set()


def test_what_tensorrt_11_took_away_is_not_used() -> None:
    assert not {"FP16", "INT8", "EXPLICIT_BATCH", "int8_calibrator", "max_workspace_size"} & used((ENGINE / "trt.py").read_text("utf-8"))


def test_a_name_that_does_not_exist_would_be_seen() -> None:
    assert used("trt.BuilderFlag.FP17; network.get_imput(0)") == {"BuilderFlag", "FP17", "get_imput"}
    assert not {"FP17", "get_imput"} & published()


def test_every_call_of_the_cuda_runtime_exists() -> None:
    runtime = pytest.importorskip("cuda.bindings.runtime", reason="cuda-bindings is not installed")
    tree = ast.parse((ENGINE / "cuda.py").read_text("utf-8"))
    names = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "runtime"}
    assert "cudaGraphLaunch" in names
    assert sorted(name for name in names if not hasattr(runtime, name)) == []


def test_without_a_driver_the_error_says_so() -> None:
    pytest.importorskip("cuda.bindings.runtime", reason="cuda-bindings is not installed")
    from mm_nav.engine.cuda import gpu
    from mm_nav.engine.precision import gpu_here
    from mm_nav.errors import EngineError

    if gpu_here():
        pytest.skip("there is an NVIDIA driver here")
    with pytest.raises((EngineError, RuntimeError), match=r"CUDA|cuda"):
        gpu()
