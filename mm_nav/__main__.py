# SPDX-License-Identifier: Apache-2.0
"""``python -m mm_nav VERB``: the same as the console script."""

import sys

from mm_nav.cli import main

sys.exit(main())
