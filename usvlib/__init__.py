"""From a recording of mouse ultrasonic vocalizations to the manifold of its syllables.

The top floor follows the chapters of the book: `data` gives audio and syllables, `spectrograms` and
`measures` describe them, `normalisation` makes them comparable, `embedding` maps them, `clustering`
groups them, and `manifold` draws the figure. `study` runs these stages and keeps them on disk.
`continuum` tests whether the syllables fall into types; `explorer` makes an interactive map.

The public names are listed in `__init__.pyi`. Each is imported when it is first used, so that
`import usvlib` stays fast.
"""

import lazy_loader

__version__ = "0.2.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
