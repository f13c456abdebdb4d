# SPDX-License-Identifier: Apache-2.0
"""The fusion network as torch modules: pictures, pillars and words in one bird's-eye-view embedding."""

from mm_nav.model.net import FusionNet, build_net

__all__ = ["FusionNet", "build_net"]
