# SPDX-License-Identifier: Apache-2.0
"""mm_nav: camera, LiDAR, radar and language in one network, from ROS 2 topics to motion.

Importing this package loads nothing heavy; import the room you need.
"""

from mm_nav.version import __version__

__all__ = ["__version__"]
