"""The file format that stands for a wheel hosted elsewhere: our dialect of PEP 759 (reference: .rim files).

PEP 759 was withdrawn and leaves some things open. What this dialect decides is said where it is
decided: the archive in :mod:`.archive`, the name in :mod:`.filename`, ``EXTERNAL-HOSTING.json`` in
:mod:`.hosting`, METADATA in :mod:`.metadata`. Nothing here opens a path or a socket.
"""

from __future__ import annotations

from rim_router.rim.faults import DismountError, RimError
from rim_router.rim.filename import WheelName
from rim_router.rim.read import Rim, agrees, read
from rim_router.rim.wheel import read_dist_info
from rim_router.rim.write import dismount, stub_wheel

__all__ = [
    "DismountError",
    "Rim",
    "RimError",
    "WheelName",
    "agrees",
    "dismount",
    "read",
    "read_dist_info",
    "stub_wheel",
]
