"""virtualenv's seeder ``rim``: as its default one, and rim-router first.

Imported by virtualenv only, which finds it as an entry point of ``virtualenv.seed``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from virtualenv.seed.embed.via_app_data.via_app_data import FromAppData

from rim_router.environments.equip import equip


class RimSeeder(FromAppData):
    """Seeds an environment with this plugin, then with what the default seeder brings.

    :param options: as virtualenv has parsed them; with ``--no-seed`` the plugin is put there all the same.
    """

    enabled: bool

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._also_seeds = self.enabled
        self.enabled = True

    def run(self, creator: Any) -> None:
        """Seed one environment.

        :raises RimRouterError: if the plugin does not work there, or cannot be put there.
        """
        equip(Path(creator.exe), newer_will_do=True)
        if self._also_seeds:
            super().run(creator)
