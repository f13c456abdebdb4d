# SPDX-License-Identifier: Apache-2.0
"""Pictures for people: one instant, an animation of a run, a report. The only room that imports PIL."""
