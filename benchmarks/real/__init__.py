# SPDX-License-Identifier: Apache-2.0
"""What mm_nav does on recordings of real sensors: ``make real`` runs it and writes docs/real.md and its pictures."""
