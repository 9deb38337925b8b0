"""What several lessons paint with matplotlib: patches, networks, curves with their spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pi_reader.lessons.drawing import Values


def paint_patches(
    figure: Any, images: np.ndarray, titles: Sequence[str], columns: int, title: str
) -> None:
    """Patches (n, height, width) in rows, black ink, each under its title."""
    rows = -(-len(images) // columns)
    figure.set_size_inches(max(1.2 * columns, 4), 1.4 * rows + 0.4)
    figure.suptitle(title, fontsize=11)
    for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        axes.set_axis_off()
        if place < len(images):
            axes.imshow(images[place], cmap="gray_r")
            axes.set_title(titles[place], fontsize=9)


def paint_network(
    figure: Any, weights: Sequence[np.ndarray], layers: Sequence[Sequence[str]], title: str
) -> None:
    """A network with its links: the thickness of each is its weight, red above 0, blue below.

    weights: for each layer of links (to, from); layers: the names of each layer's nodes, from the
    inputs on. For networks that are small enough to be seen, up to a dozen nodes a layer.
    """
    axes = figure.subplots()
    strongest = max(float(np.abs(links).max()) for links in weights) or 1.0
    places = [
        [(column, (len(nodes) - 1) / 2 - row) for row in range(len(nodes))]
        for column, nodes in enumerate(layers)
    ]
    for column, links in enumerate(weights):
        for (to, start), weight in np.ndenumerate(links):
            (x, y), (end_x, end_y) = places[column][start], places[column + 1][to]
            colour = "tab:red" if weight > 0 else "tab:blue"
            width = 0.5 + 6 * abs(weight) / strongest
            axes.plot([x, end_x], [y, end_y], color=colour, linewidth=width, alpha=0.7, zorder=1)
            # The numbers stand at different places on links that cross, so that none hides another.
            along = (0.17, 0.3, 0.72)[start % 3]
            place = (x + along * (end_x - x), y + along * (end_y - y))
            if links.size <= 16:
                axes.annotate(
                    f"{weight:.2g}",
                    place,
                    ha="center",
                    va="center",
                    fontsize=8,
                    bbox={"boxstyle": "round,pad=0.1", "color": "white"},
                    zorder=2,
                )
    for nodes, spots in zip(layers, places, strict=True):
        for name, spot in zip(nodes, spots, strict=True):
            axes.scatter(*spot, s=1400, color="white", edgecolors="black", zorder=3)
            axes.annotate(name, spot, ha="center", va="center", fontsize=7, zorder=4)
    axes.margins(0.12)
    axes.set_axis_off()
    axes.set_title(f"{title}\nred: weight above 0, blue: below; the thicker, the further from 0")


def paint_spread(
    figure: Any,
    values: Values,
    found: Mapping[float, Sequence[float]],
    labels: tuple[str, str],
    title: str,
    factors: bool = False,
) -> None:
    """The mean over several tries of each value, in a band from the lowest to the highest, in %.

    found: shares (0 to 1) by value; labels: of the axis to the right and of that upwards.
    """
    axes = figure.subplots()
    percent = [100 * np.asarray(scores) for scores in found.values()]
    axes.plot(values, [scores.mean() for scores in percent], "o-", label="mean")
    lowest, highest = ([edge(scores) for scores in percent] for edge in (min, max))
    axes.fill_between(values, lowest, highest, alpha=0.3, label="all tries")
    axes.set(xlabel=labels[0], ylabel=labels[1], title=title)
    if factors:
        axes.set(xscale="log", xticks=list(values), xticklabels=[f"{value:g}" for value in values])
        axes.minorticks_off()
    elif len(found) <= 15:
        axes.set(xticks=list(values))
    axes.grid(alpha=0.3)
    axes.legend()
