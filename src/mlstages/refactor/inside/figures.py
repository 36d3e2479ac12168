"""The pixels of each figure of pyplot, whenever it is shown, saved, closed or left open."""

import atexit
import hashlib
import sys
import weakref


class Figures:
    """The pixels of each figure, whenever it is shown, saved, closed or left open."""

    def __init__(self):
        self.digests = []
        self.numbers = []
        self.seen = set()
        self.made = weakref.WeakKeyDictionary()
        self.n_made = 0

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
            self.numbers.append(self.made.get(figure))

    def in_order(self):
        """Return the digests by the order in which the figures were made.

        That is the same wherever a figure is left open, which is seen at the end of its process.
        Empty if one was not seen to be made, as one that was unpickled.
        """
        if None in self.numbers:
            return []
        places = range(len(self.digests))
        return [self.digests[i] for i in sorted(places, key=lambda i: (self.numbers[i], i))]

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
        make = Figure.__init__

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

        def recorded_make(figure, *args, **kwargs):
            self.made[figure] = self.n_made
            self.n_made += 1
            make(figure, *args, **kwargs)

        for new, old in (
            (recorded_show, show),
            (recorded_close, close),
            (recorded_save, save),
            (recorded_make, make),
        ):
            new.__name__, new.__doc__ = old.__name__, old.__doc__
            new.__wrapped__ = old
        pyplot.show, pyplot.close, Figure.savefig = recorded_show, recorded_close, recorded_save
        Figure.__init__ = recorded_make
        # Pyplot closes what is open at the end of the process; this is called before.
        atexit.register(self.record_open)
