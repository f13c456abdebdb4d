# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on robots, what mm_nav does about it, and the tests that show it."""
