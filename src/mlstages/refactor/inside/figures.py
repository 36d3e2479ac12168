"""The pixels of each figure of pyplot, whenever it is shown, saved, closed or left open."""

import atexit
import hashlib
import sys


class Figures:
    """The pixels of each figure, whenever it is shown, saved, closed or left open."""

    def __init__(self):
        self.digests = []
        self.seen = set()

    def record(self, figure):
        """Record a figure as it looks now; the same look of one figure counts once."""
        try:
            from matplotlib.backends.backend_agg import FigureCanvasAgg

            before = figure.canvas
            canvas = FigureCanvasAgg(figure)
            try:
                canvas.draw()
                pixels = bytes(canvas.buffer_rgba())
                size = canvas.get_width_height()
            finally:
                figure.set_canvas(before)
        except Exception as error:
            pixels, size = type(error).__name__.encode(), (0, 0)
        digest = "%dx%d %s" % (size[0], size[1], hashlib.sha256(pixels).hexdigest())
        if (id(figure), digest) not in self.seen:
            self.seen.add((id(figure), digest))
            self.kept = getattr(self, "kept", [])
            self.kept.append(figure)
            self.digests.append(digest)

    def record_open(self):
        """Record every figure that is open."""
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is None or not hasattr(pyplot, "get_fignums"):
            return
        from matplotlib._pylab_helpers import Gcf

        for manager in list(Gcf.figs.values()):
            self.record(manager.canvas.figure)

    def watch(self, pyplot):
        """Record at each show, save and close."""
        from matplotlib.figure import Figure

        show, close, save = pyplot.show, pyplot.close, Figure.savefig

        def recorded_show(*args, **kwargs):
            self.record_open()
            return show(*args, **kwargs)

        def recorded_close(*args, **kwargs):
            self.record_open()
            return close(*args, **kwargs)

        def recorded_save(figure, *args, **kwargs):
            result = save(figure, *args, **kwargs)
            self.record(figure)
            return result

        for new, old in ((recorded_show, show), (recorded_close, close), (recorded_save, save)):
            new.__name__, new.__doc__ = old.__name__, old.__doc__
            new.__wrapped__ = old
        pyplot.show, pyplot.close, Figure.savefig = recorded_show, recorded_close, recorded_save
        # Pyplot closes what is open at the end of the process; this is called before.
        atexit.register(self.record_open)
