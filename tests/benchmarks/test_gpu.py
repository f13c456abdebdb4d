# SPDX-License-Identifier: Apache-2.0
"""The rows for GPUs: where there is none they say so, and do not fail."""

import pytest

from mm_nav.bench import SkippedError, load


def test_without_cuda_the_rows_are_skipped_with_what_would_change_that() -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here; `mm_nav bench gpu` runs the rows")
    with pytest.raises(SkippedError, match="CUDA is not available here; run this on a machine with an NVIDIA GPU"):
        load("gpu").rows(True)
