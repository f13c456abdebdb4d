# SPDX-License-Identifier: Apache-2.0
"""ROS domains: whether a number is one, and one that nobody on this machine is in. Imports no rclpy."""

import os
import socket
from collections.abc import Collection, Mapping

from mm_nav.errors import ConfigError

HIGHEST, RECOMMENDED = 232, 101  # 232: the last whose ports are below 65536; 101: below the ephemeral ports of Linux
VARIABLE = "ROS_DOMAIN_ID"

DOMAINS = range(215, 231)  # above 101 and below 215, DDS ports lie among the ephemeral ones of Linux
PORT_BASE, PORTS_PER_DOMAIN, FIRST_UNICAST, PER_PARTICIPANT = 7400, 250, 10, 2  # RTPS 2.5, section 9.6.2.3
PARTICIPANTS = 8  # that are looked for: the first of a domain may have ended while others live on


def check_domain(environment: Mapping[str, str]) -> None:
    """Refuse a ROS_DOMAIN_ID that DDS has no ports for; unset or empty is 0.

    Raises:
        ConfigError: it is no whole number in 0..232.
    """
    text = environment.get(VARIABLE, "")
    if text and not (text.isascii() and text.isdigit() and int(text) <= HIGHEST):
        raise ConfigError(f"{VARIABLE} is {text!r}; it must be a whole number in 0..{HIGHEST}, best 0..{RECOMMENDED} on Linux: export {VARIABLE}=0")


def free_domain(besides: Collection[int] = ()) -> int:
    """A domain whose first participants' ports are unused; different processes begin to look at different ones.

    Args:
        besides: those that are spoken for already.
    """
    start = os.getpid() % len(DOMAINS)
    order: list[int] = [*DOMAINS[start:], *DOMAINS[:start]]
    candidates = [domain for domain in order if domain not in besides]
    return next((domain for domain in candidates if _unused(domain)), candidates[0])


def _unused(domain: int) -> bool:
    first = PORT_BASE + PORTS_PER_DOMAIN * domain + FIRST_UNICAST
    return all(_free(first + PER_PARTICIPANT * participant) for participant in range(PARTICIPANTS))


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True
