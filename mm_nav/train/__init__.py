# SPDX-License-Identifier: Apache-2.0
"""From recorded bags to a verified bundle: labels, dataset, training, export."""
