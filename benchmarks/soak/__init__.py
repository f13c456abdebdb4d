# SPDX-License-Identifier: Apache-2.0
"""A robot that drives through one fault after the other, watched from outside."""
