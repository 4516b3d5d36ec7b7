"""`python -m gateway.config` prints docs/configuration.md."""

from __future__ import annotations

import sys

from gateway.config.reference import reference

sys.stdout.write(reference())
