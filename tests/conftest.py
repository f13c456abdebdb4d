# SPDX-License-Identifier: Apache-2.0
"""Fixtures that all tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of recordings of real sensors; tests that need it are skipped where it is absent."""
    beside = Path(__file__).parent.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("MM_NAV_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder}; set MM_NAV_DATA to their folder")
    return folder
