# SPDX-License-Identifier: Apache-2.0
"""Messages for decoders, made of plain values."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest


def as_message(value: Any) -> Any:
    """Nested dicts as objects with attributes."""
    if isinstance(value, dict):
        return SimpleNamespace(**{key: as_message(item) for key, item in value.items()})
    return [as_message(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def message() -> Callable[..., Any]:
    """A message of a dict of fields; keyword arguments replace some of them."""

    def make(fields: dict[str, Any], /, **changes: Any) -> Any:
        return as_message({**fields, **changes})

    return make
