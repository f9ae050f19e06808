"""Figures of matplotlib, in files: nothing of the machine's windows or of the user's home is in their way."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from trainer.extras import Extra, needed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure(**options: Any) -> Figure:
    """An empty one, of these options of matplotlib's, that is saved as a PNG. Raises Missing without it."""
    os.environ["MPLBACKEND"] = "agg"  # another may be set for windows or notebooks, and not be there
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it talks of its cache where home is read-only
    with needed(Extra.PLOTS, "a picture"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

    empty = Figure(layout="constrained", **options)
    FigureCanvasAgg(empty)
    return empty
