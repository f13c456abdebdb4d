# SPDX-License-Identifier: Apache-2.0
"""Pure functions and data: no clock, thread, file, torch or ROS in here."""
