# SPDX-License-Identifier: Apache-2.0
"""Recordings in and out: the only room that imports rosbags."""
