"""Storage, from Python: what there is, and what is used. The rule: figures come from the sums; nothing is walked.

The box is the one that a command would find (`BOX_CONFIG`, ./config.toml, /etc/box/config.toml), unless a
configuration is given.
"""

from __future__ import annotations

import os
from typing import Any

from box import config as configuration
from box import status
from box.beside import beside
from box.sections import Config
from box.watchers.drives import drives


def stats(settings: Config | None = None) -> dict[str, Any]:
    """The disk of the root, the photos, the backups and the external drives, each as `status.json` has it.

    As quick however many files there are. Raises BoxError if nothing has happened in the root yet.
    """
    config = settings or configuration.load(None, os.environ)
    with beside(config) as box:
        return {
            "disk": status.storage(config.box.root),
            "photos": status.photos_told(box.store),
            "backup": status.backup(),
            "drives": [each.told() for each in drives(config.box.root)],
        }
