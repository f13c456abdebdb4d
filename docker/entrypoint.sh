#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Source ROS and mm_nav, then run what the container was asked for.
set -e
# shellcheck disable=SC1090,SC1091
source "/opt/ros/$ROS_DISTRO/setup.bash"
# shellcheck disable=SC1091
source /ws/install/setup.bash
exec "$@"
