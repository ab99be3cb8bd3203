"""Draw the preview of a link to the book: a card of 1200 by 630 pixels.

python tools/draw_card.py    # writes _assets/card.png from the simulated recording
"""

import io
import sys
from pathlib import Path

import matplotlib
from PIL import Image

import usvlib

CARD = Path(__file__).resolve().parents[1] / "_assets" / "card.png"
SIZE = 1200, 630
PAPER, INK, CALL = "#fffdf7", "#2a1635", "#5b189b"
N_COLOURS = 64  # enough colours to look the same in a small file


def main(path):
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    usvlib.use_style()
    study = usvlib.open_study("simulated")
    figure = plt.figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100, facecolor=PAPER)
    draw_map(figure.add_axes((0.46, 0, 0.54, 1)), study)
    words = (
        (0.62, "Ultrasonic vocalizations\nfrom mice", 29, INK, "bold"),
        (0.40, "Do they fall into types,\nor lie on a continuum?", 23, CALL, "normal"),
        (0.11, "An executable book", 19, INK, "normal"),
    )
    for y, text, size, colour, weight in words:
        figure.text(0.055, y, text, size=size, color=colour, weight=weight, linespacing=1.25)
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100, facecolor=PAPER)
    image = Image.open(drawn).convert("RGB").quantize(N_COLOURS, dither=Image.Dither.NONE)
    image.save(path, optimize=True)


def draw_map(ax, study):
    """Draw the figure of chapter 6 without its axes."""
    usvlib.plot_manifold(study.features, study.coordinates, study.clusters, ax)
    for other in [other for other in ax.figure.axes if other is not ax]:
        other.remove()  # the colour bar
    ax.set_axis_off()
    ax.set_position((0.46, 0.02, 0.53, 0.96))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CARD)
