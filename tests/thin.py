"""Models with few channels: the same windows and the same order of layers, in milliseconds."""

import copy

from minialex.layers import Conv2d, Linear, LocallyConnected2d


def thin(layers, channels: int = 2, units: int = 5):
    """Return a table with few filters (a multiple of the groups) and few units in dense layers."""
    table = []
    for entry in layers:
        name, layer = entry if isinstance(entry, tuple) else ("", entry)
        layer = copy.copy(layer)
        if isinstance(layer, Conv2d):
            layer.filters = channels * layer.groups
        elif isinstance(layer, LocallyConnected2d):
            layer.filters = channels
        elif isinstance(layer, Linear):
            layer.units = units
        table.append((name, layer) if name else layer)
    return table
