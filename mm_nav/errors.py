# SPDX-License-Identifier: Apache-2.0
"""Errors a user can act on: each message quotes the offending value and ends with the remedy."""


class MmNavError(Exception):
    """Base of every error that mm_nav raises on purpose."""


class ConfigError(MmNavError):
    """A parameter, launch argument or manifest entry is unknown, ill-typed or out of range."""


class MessageError(MmNavError):
    """A message breaks its own contract (length, layout, encoding, finite values).

    Attributes:
        reason: short machine-readable word, counted in diagnostics (``short_data``, ``bad_layout`` …).
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class BagError(MmNavError):
    """A recording cannot be read, is truncated, or lacks what is asked of it."""


class DamagedBagError(BagError):
    """A recording holds less than it should; what is left of it can be read."""


class BundleError(MmNavError):
    """A model bundle is missing, altered, or does not fit this version."""


class EngineError(MmNavError):
    """A backend cannot be loaded or failed while running."""
