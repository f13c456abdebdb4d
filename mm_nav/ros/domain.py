# SPDX-License-Identifier: Apache-2.0
"""A ROS domain that nobody on this machine is in, for graphs that must not meet others. Imports no rclpy."""

import os
import socket

DOMAINS = range(215, 231)  # above 101 and below 215, DDS ports lie among the ephemeral ones of Linux
PORT_BASE, PORTS_PER_DOMAIN, FIRST_UNICAST = 7400, 250, 10  # RTPS 2.5, section 9.6.2.3


def free_domain(besides: int | None = None) -> int:
    """A domain whose first participant's port is unused; different processes begin to look at different ones.

    Args:
        besides: one that is spoken for already.
    """
    start = os.getpid() % len(DOMAINS)
    order: list[int] = [*DOMAINS[start:], *DOMAINS[:start]]
    candidates = [domain for domain in order if domain != besides]
    return next((domain for domain in candidates if _unused(domain)), candidates[0])


def _unused(domain: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", PORT_BASE + PORTS_PER_DOMAIN * domain + FIRST_UNICAST))
        except OSError:
            return False
        return True
