# SPDX-License-Identifier: Apache-2.0
"""What torch does on a GPU: replayed graphs, overlapped copies and branches, gathering lift, bf16 training. Rows G1 to G5.

Needs CUDA and skips without. Peers are torch written the usual way, on the same device, with the same weights and inputs;
every row is checked to compute the same first. Times are of the host's clock around work that was waited for.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mm_nav.bench import Row, SkippedError, require, take_turns, versus

ROUNDING = 0.05  # relative difference that bf16 may make


def rows(quick: bool) -> list[Row]:
    """All five, or the reason why none."""
    try:
        import torch
    except ImportError as error:
        raise SkippedError(f"torch is not installed ({error}); pip install 'mm_nav[train]'") from error
    if not torch.cuda.is_available():
        raise SkippedError("CUDA is not available here; run this on a machine with an NVIDIA GPU and torch with CUDA")
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    return [made(quick) for made in (latency, copies, pooling, branches, training)]


def latency(quick: bool) -> Row:
    """G1: an encoder of 20 GFLOP, one picture at a time: bf16 as one replayed graph against eager."""
    import torch

    x = torch.rand(1, 64, 128, 352, device="cuda")
    with torch.inference_mode():
        plain = _trunk()
        half = _trunk().to(torch.bfloat16, memory_format=torch.channels_last)
        half.load_state_dict(plain.state_dict())
        rounded = x.to(torch.bfloat16, memory_format=torch.channels_last)
        replay, out = _captured(lambda: half(rounded))
        replay()
        difference = _apart(out, plain(x))
        require(difference <= ROUNDING, f"bf16 graph and fp32 eager differ by {difference:.2%}")
        times = take_turns(
            {"bf16, channels last, CUDA graph": replay, "torch eager fp32": _waited(lambda: plain(x)),
             "torch eager bf16": _waited(lambda: half(rounded))}, repeat=_repeat(quick),
        )  # fmt: skip
    return versus("gpu latency", times, id="G1", targets=(8.0, 3.0), check=f"output, relative difference {difference:.1e}", versions=_versions())


def copies(quick: bool) -> Row:
    """G2: frames from host to device to host: page-locked memory and two streams in turn, against pageable memory."""
    import torch

    frames = 16
    host = [torch.randint(0, 256, (1, 3, 720, 1280), dtype=torch.uint8) for _ in range(frames)]
    weight = torch.rand(8, 3, 5, 5, device="cuda")

    def work(image: Any) -> Any:
        return torch.nn.functional.conv2d(image.float() / 255, weight, stride=4)

    with torch.inference_mode():
        wanted = [work(image.cuda()).cpu() for image in host]
        slots = [_Slot(host[0], wanted[0], work) for _ in range(2)]

        def ring() -> list[Any]:
            found: list[Any] = []
            for i, image in enumerate(host):
                slot = slots[i % 2]
                if i >= 2:
                    found.append(slot.take())
                slot.give(image)
            return [*found, *(slots[i % 2].take() for i in range(frames - 2, frames))]

        worst = max(float((a - b).abs().max()) for a, b in zip(ring(), wanted, strict=True))
        require(worst <= 1e-3, f"the ring's outputs differ by {worst:.1e}")
        times = take_turns(
            {f"pinned, two streams, {frames} frames": ring, f"pageable, waited for, {frames} frames": lambda: [work(image.cuda()).cpu() for image in host]},
            repeat=_repeat(quick) // 4 + 1,
        )
    return versus("gpu copies", times, id="G2", targets=(3.0,), check=f"all outputs, largest difference {worst:.1e}", versions=_versions())


class _Slot:
    """One place of the ring: memory on both sides and a stream."""

    def __init__(self, image: Any, result: Any, work: Callable[[Any], Any]) -> None:
        import torch

        self.stream, self.work = torch.cuda.Stream(), work
        self.inbox, self.device = torch.empty_like(image).pin_memory(), torch.empty_like(image, device="cuda")
        self.outbox = torch.empty_like(result).pin_memory()

    def give(self, image: Any) -> None:
        import torch

        self.inbox.copy_(image)
        with torch.cuda.stream(self.stream):
            self.device.copy_(self.inbox, non_blocking=True)
            self.outbox.copy_(self.work(self.device), non_blocking=True)

    def take(self) -> Any:
        self.stream.synchronize()
        return self.outbox.clone()


def pooling(quick: bool) -> Row:
    """G3: picture features to bird's eye: every cell gathers where it is seen, against scattering a frustum of depths."""
    import torch

    channels, depths, height, width, side = 64, 59, 32, 88, 128
    features = torch.rand(1, channels, height, width, device="cuda")
    pixel = torch.randint(0, height * width, (side * side,), device="cuda")  # the pixel that each cell sees
    grid = torch.stack([(pixel % width + 0.5) / width, (pixel // width + 0.5) / height], dim=-1).mul(2).sub(1).view(1, side, side, 2)
    # the frustum: each cell's pixel, at one depth, lands in that cell; all else lands in a cell that is thrown away
    depth = torch.randint(0, depths, (side * side,), device="cuda")
    spot, order = torch.unique(depth * height * width + pixel, return_inverse=True)
    once = torch.zeros(len(spot), dtype=torch.long, device="cuda").scatter_(0, order, torch.arange(side * side, device="cuda"))
    cells = torch.full((depths * height * width,), side * side, device="cuda").scatter_(0, spot, once)
    kept = torch.zeros(side * side, dtype=torch.bool, device="cuda").index_fill_(0, once, True)

    def gather() -> Any:
        return torch.nn.functional.grid_sample(features, grid, mode="nearest", align_corners=False).flatten(2)[0]

    def scatter() -> Any:
        frustum = features.flatten(2)[0].unsqueeze(1).expand(-1, depths, -1).reshape(channels, -1)
        return torch.zeros(channels, side * side + 1, device="cuda").index_add_(1, cells, frustum)[:, :-1]

    with torch.inference_mode():
        worst = float((gather() - scatter())[:, kept].abs().max())
        require(worst <= 1e-4, f"gathered and scattered maps differ by {worst:.1e}")
        replay, _ = _captured(gather)
        times = take_turns({"gather per cell, CUDA graph": replay, "frustum, index_add": _waited(scatter)}, repeat=_repeat(quick))
    return versus("gpu lift", times, id="G3", targets=(8.0,), check=f"{int(kept.sum())} cells that both reach, largest difference {worst:.1e}",
                  versions=_versions())  # fmt: skip


def branches(quick: bool) -> Row:
    """G4: camera and LiDAR branches side by side on two streams against one after the other, both as replayed graphs."""
    import torch

    camera, lidar = torch.rand(1, 64, 64, 176, device="cuda"), torch.rand(1, 64, 96, 96, device="cuda")
    with torch.inference_mode():
        first, second = _trunk(), _trunk()
        side = torch.cuda.Stream()

        def together() -> Any:
            here = torch.cuda.current_stream()
            side.wait_stream(here)
            with torch.cuda.stream(side):
                b = second(lidar)
            a = first(camera)
            here.wait_stream(side)
            return a.mean() + b.mean()

        parallel, found = _captured(together)
        serial, wanted = _captured(lambda: first(camera).mean() + second(lidar).mean())
        parallel()
        serial()
        require(torch.allclose(found, wanted, rtol=1e-4), f"{float(found)} is not {float(wanted)}")
        times = take_turns({"two streams": parallel, "one stream": serial}, repeat=_repeat(quick))
    return versus("gpu branches", times, id="G4", targets=(1.4,), check="mean of both outputs, within 1e-4", versions=_versions())


def training(quick: bool) -> Row:
    """G5: a training step of the fusion network: bf16, channels last, fused optimiser, against fp32 eager."""
    import torch

    from mm_nav.core.config import ModelSpec
    from mm_nav.model import build_net
    from mm_nav.train.export import example

    spec, batch = ModelSpec(), 4 if quick else 32
    x = example(spec, 1, 0)
    names = ("camera_image", "camera_grid", "camera_mask", "lidar_bev", "lidar_mask", "radar_bev", "radar_mask", "ego", "phrase", "phrase_mask")
    inputs = {n: torch.from_numpy(getattr(x, n)).expand(batch, *getattr(x, n).shape).contiguous().cuda() for n in names}

    def step_of(fast: bool) -> tuple[Callable[[], float], Callable[[], float]]:
        torch.manual_seed(0)
        net = build_net(spec).cuda().train()
        net = net.to(memory_format=torch.channels_last) if fast else net  # type: ignore[call-overload]
        optimiser = torch.optim.AdamW(net.parameters(), lr=1e-4, fused=fast)

        def loss_of() -> Any:
            with torch.autocast("cuda", torch.bfloat16, enabled=fast):
                out = net(**inputs)
            return sum(out[n].float().square().mean() for n in ("occupancy", "motion", "object_box", "goal_map", "waypoints"))

        def step() -> float:
            optimiser.zero_grad(set_to_none=True)
            loss = loss_of()
            loss.backward()
            optimiser.step()
            return float(loss.detach())  # waits

        return step, lambda: float(loss_of())

    (fast, fast_loss), (slow, slow_loss) = step_of(True), step_of(False)
    with torch.no_grad():
        a, b = fast_loss(), slow_loss()
    require(abs(a - b) <= ROUNDING * abs(b), f"losses {a:.4f} and {b:.4f} of the same weights differ")
    times = take_turns({f"bf16, channels last, fused AdamW, batch {batch}": fast, "fp32 eager": slow}, repeat=2 if quick else 5)
    return versus("gpu training", times, id="G5", targets=(6.0,), check=f"loss of the same weights, {a:.4f} and {b:.4f}", versions=_versions(),
                  figures={"samples_per_s": batch / (1e-3 * next(iter(times.values())))})  # fmt: skip


def _trunk(blocks: int = 3) -> Any:
    """Residual blocks of 64 channels; three of them on 128 x 352 are 20 GFLOP, a multiply-add counted as two."""
    from torch import nn

    from mm_nav.model.blocks import Residual

    return nn.Sequential(*(Residual(64) for _ in range(blocks))).cuda().eval()


def _captured(work: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
    """The work as a graph that is replayed and waited for, and where its result lies."""
    import torch

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        out = work()

    def replay() -> None:
        graph.replay()
        torch.cuda.synchronize()

    return replay, out


def _waited(work: Callable[[], Any]) -> Callable[[], None]:
    import torch

    def call() -> None:
        work()
        torch.cuda.synchronize()

    return call


def _apart(found: Any, wanted: Any) -> float:
    return float((found.float() - wanted.float()).norm() / wanted.float().norm())


def _repeat(quick: bool) -> int:
    return 5 if quick else 50


def _versions() -> Mapping[str, str]:
    import torch

    return {"torch": torch.__version__, "cuda": str(torch.version.cuda), "gpu": torch.cuda.get_device_name()}
