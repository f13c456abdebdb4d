# SPDX-License-Identifier: Apache-2.0
"""One optimiser step on this processor: the way a training takes it against float32, channels first, AdamW as it comes.

Same network, same initial weights, same batches of a simulated drive, same losses and clipping. Ours is what ``mm_nav train`` does
where nothing else is asked for: bf16 autocast (float32 weights; float32 alone where the processor has no bf16), channels last, fused
AdamW. First both learn side by side, and their loss curves are compared.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mm_nav.bench import Row, SkippedError, require, take_turns, versus

BATCH, STEPS = 8, 20
TOLERANCE = 0.03  # of the loss, on the mean over the steps
TARGET, NARROW_TARGET = 2.5, 1.3  # with bf16 arithmetic, and without
LIMIT = "a third of the step is not arithmetic that bf16 speeds up: losses over cells and phrases, grid sampling and batch norms in float32"
NARROW = "this processor has no bf16 arithmetic, so that both sides compute in float32: layout and optimiser alone make the difference"


def row(quick: bool) -> Row:
    """Time both; equal first: the loss over the first steps."""
    try:
        import open3d  # noqa: F401
        import torch

        from mm_nav.train.config import MODELS
    except ImportError as error:
        raise SkippedError(f"{error.name} is not installed; pip install 'mm_nav[train,sim]'") from error
    bf16, spec, steps = has_bf16(), MODELS["base"], 2 if quick else STEPS
    with tempfile.TemporaryDirectory() as scratch:
        batches = drive(spec, Path(scratch))
        fast, plain = stepper(torch, spec, fast=True, bf16=bf16), stepper(torch, spec, fast=False, bf16=False)
        curves = np.array([[step(batches[i % 4]) for i in range(steps)] for step in (fast, plain)])
        apart = float(np.abs(curves[0] - curves[1]).mean() / np.abs(curves[1]).mean())
        require(apart < TOLERANCE, f"losses of {steps} steps differ by {apart:.1%} on average, more than {TOLERANCE:.0%}")
        times = take_turns(
            {
                f"{'bf16 autocast' if bf16 else 'float32'}, channels last, fused AdamW": lambda: fast(batches[0]),
                f"torch {torch.__version__} float32, NCHW, AdamW": lambda: plain(batches[0]),
            },
            repeat=1,
        )
    subject = next(iter(times.values()))
    return versus("training", times, check=f"losses of {steps} steps from the same weights, {apart:.2%} apart on average", id="B15",
                  targets=(TARGET if bf16 else NARROW_TARGET,), limit=LIMIT if bf16 else NARROW, figures={"samples_per_s": 1e3 * BATCH / subject, "last_loss": curves[0, -1],
                                                        "last_loss_float32": curves[1, -1]})  # fmt: skip


def has_bf16() -> bool:
    """Whether trainings on this processor compute in bf16 where nothing else is asked for."""
    from mm_nav.train.config import TrainConfig
    from mm_nav.train.fit import precision

    return precision(TrainConfig(bags=(), out=Path())) == "bf16-mixed"


def drive(spec: Any, scratch: Path) -> list[dict[str, Any]]:
    """Four batches of a simulated drive."""
    from torch.utils.data import default_collate

    from mm_nav.engine.text import open_text_encoder
    from mm_nav.sim.rollout import SimulateConfig, simulate
    from mm_nav.train.dataset import FrameDataset, extract
    from mm_nav.train.vocabulary import Vocabulary

    simulate(SimulateConfig(out=scratch / "bags", scenarios=1, seed=70, max_seconds=5.0, workers=1))
    bag = next((scratch / "bags").rglob("metadata.yaml")).parent
    folder = extract(bag, spec, scratch / "cache")
    words = Vocabulary([json.loads((folder / "meta.json").read_text())], spec, open_text_encoder(), None)
    data = FrameDataset([folder], spec, words, augment=True, seed=0)
    return [default_collate([data[(i * BATCH + j) % len(data)] for j in range(BATCH)]) for i in range(4)]


def throughput(order: Mapping[str, Any]) -> dict[str, float]:
    """Samples per second of one process with ``threads`` threads over ``seconds``, from the time ``begin`` on."""
    import torch

    from mm_nav.train.config import MODELS

    torch.set_num_threads(order["threads"])
    spec = MODELS["base"]
    with tempfile.TemporaryDirectory() as scratch:
        batches = drive(spec, Path(scratch))
    step = stepper(torch, spec, fast=True, bf16=has_bf16())
    step(batches[0])
    while time.time() < order["begin"]:  # together with the others
        time.sleep(0.01)
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < order["seconds"]:
        step(batches[steps % len(batches)])
        steps += 1
    return {"samples_per_s": BATCH * steps / (time.perf_counter() - began)}


def stepper(torch: Any, spec: Any, *, fast: bool, bf16: bool) -> Callable[[dict[str, Any]], float]:
    """One step: losses, gradients, clipping, optimiser. Gives the loss before it."""
    from mm_nav.model import build_net
    from mm_nav.model.losses import losses
    from mm_nav.train.config import EARLY
    from mm_nav.train.module import FusionTraining

    torch.manual_seed(0)
    net = build_net(spec)
    module = FusionTraining(net.to(memory_format=torch.channels_last) if fast else net, spec, lr=1e-3, steps=200, frozen=EARLY)
    module.train()
    optimizer = module.configure_optimizers()["optimizer"]
    if not fast:
        groups = [{k: v for k, v in group.items() if k not in ("fused", "foreach")} for group in optimizer.param_groups]
        optimizer = torch.optim.AdamW(groups)

    def step(batch: dict[str, Any]) -> float:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            terms, _ = losses(module.net, batch, spec, module.aligns)
            total = torch.stack([module.weighted(name, value) for name, value in terms.items()]).sum()
        total.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 5.0)
        optimizer.step()
        return float(total.detach())

    return step


if __name__ == "__main__":
    print(json.dumps(throughput(json.loads(sys.argv[1]))))
