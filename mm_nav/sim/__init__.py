# SPDX-License-Identifier: Apache-2.0
"""Procedural worlds with ray-cast sensors, an expert that drives them, and recordings of it. No ROS, no torch."""
