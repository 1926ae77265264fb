"""What makes pip faster and changes nothing else, and what turns that off (reference: [speed]). Pure."""

from __future__ import annotations

ASK_EARLY, DROP_EARLY, PARALLEL_DOWNLOADS = FEATURES = ("ask-early", "drop-early", "parallel-downloads")

VARIABLE = "RIM_ROUTER_SPEED"
OFF = "off"


def turned_off(value: str) -> frozenset[str]:
    """The features that a value of :data:`VARIABLE` turns off: all, or those that it lists.

    :raises ValueError: with what is wrong, if it is neither.
    """
    words = value.replace(",", " ").split()
    if words == [OFF]:
        return frozenset(FEATURES)
    if OFF in words:
        raise ValueError(f"{OFF!r} stands alone: it turns off all of {', '.join(FEATURES)}")
    unknown = [word for word in words if word not in FEATURES]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of {OFF}, {', '.join(FEATURES)}")
    return frozenset(words)
