"""Every parameter of the steps from audio to clusters, in one place."""

from __future__ import annotations

import dataclasses
import math
import os
import tomllib
from collections.abc import Mapping
from types import MappingProxyType

from ._shared import UsvError, existing_file, in_words, real_number, whole_number

# Least and largest value of the whole numbers. The largest ones only keep absurd values out; seeds
# have 32 bits in numpy and scikit-learn.
WHOLE_NUMBERS = {
    "n_fft": (16, 2**20),
    "n_mels": (1, 4096),
    "centre_halfwidth": (1, 4096),
    "n_neighbors": (2, math.inf),
    "embedding_seed": (0, 2**32 - 1),
    "n_clusters": (1, math.inf),
    "clustering_seed": (0, 2**32 - 1),
}
MAY_BE_OFF = ("high_hz", "threshold", "time_scaling", "centre_halfwidth")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The parameters of every step; change one with `dataclasses.replace`.

    The defaults are those of the tutorial "Ultrasonic vocalizations from mice" of das_unsupervised,
    which follows Sainburg et al. (2020). `RECIPES` holds them and those for other animals.

    Attributes
    ----------
    n_fft : int, default 2048
        Length of the Fourier window in samples, from 16 to 2**20.
    hop_s : float, default 0.001
        Step from one frame to the next in seconds, rounded down to whole samples.
    n_mels : int, default 128
        Number of mel bands between `low_hz` and `high_hz`, at most 4096.
    low_hz : float, default 40_000
        Lower end of the mel bands in Hz.
    high_hz : float or None, default None
        Upper end of the mel bands in Hz. None is half the sampling rate.
    crop : (int, int), default (15, 10)
        Number of bands dropped at the bottom and at the top, after the noise floor was measured.
    threshold : float or None, default 0.0
        Values below it become 0, in log2 units over the noise floor. None keeps all values.
    time_scaling : float or None, default 8.0
        A syllable of n frames is resized to `int(time_scaling * ln(n))` columns. None keeps n.
    centre_halfwidth : int or None, default 20
        Half the number of bands that are kept around the band with the largest time average. None
        keeps all bands.
    n_neighbors : int, default 15
        Number of nearest neighbours that UMAP links.
    min_dist : float, default 0.5
        Smallest distance between points on the map, from 0 to 1 (UMAP).
    embedding_seed : int, default 2
        Random seed of UMAP.
    n_clusters : int, default 40
        Number of clusters of k-means.
    clustering_seed : int, default 2
        Random seed of k-means.

    Raises
    ------
    UsvError
        If a value is of another type, outside its limits, or inconsistent with another value.

    Examples
    --------
    >>> import dataclasses
    >>> recipe = dataclasses.replace(ORIGINAL, low_hz=30_000, crop=(0, 0))
    >>> recipe.n_bands
    128
    >>> print(recipe)
    tutorial with low_hz=30000, crop=(0, 0)
    """

    n_fft: int = 2048
    hop_s: float = 0.001
    n_mels: int = 128
    low_hz: float = 40_000.0
    high_hz: float | None = None
    crop: tuple[int, int] = (15, 10)
    threshold: float | None = 0.0
    time_scaling: float | None = 8.0
    centre_halfwidth: int | None = 20
    n_neighbors: int = 15
    min_dist: float = 0.5
    embedding_seed: int = 2
    n_clusters: int = 40
    clustering_seed: int = 2

    def __post_init__(self) -> None:
        for name in WHOLE_NUMBERS:
            self._set_whole(name)
        self._set_real("hop_s", above=0, most=60)
        self._set_real("low_hz", least=0)
        self._set_real("high_hz", above=self.low_hz)
        self._set_real("threshold", least=-1000, most=1000)
        self._set_real("time_scaling", above=0, most=1000)
        self._set_real("min_dist", least=0, most=1)
        if not isinstance(self.crop, (tuple, list)) or len(self.crop) != 2:
            raise UsvError(f"crop is {in_words(self.crop)}; it must be two numbers of bands")
        # A list would make the recipe unhashable, and its digest depend on the spelling.
        crop = tuple(whole_number("crop", n_bands, 0) for n_bands in self.crop)
        object.__setattr__(self, "crop", crop)
        if self.n_bands < 1:
            raise UsvError(
                f"crop is {self.crop}; it must leave at least one of {self.n_mels} bands"
            )
        if self.centre_halfwidth is not None and 2 * self.centre_halfwidth > self.n_bands:
            raise UsvError(
                f"centre_halfwidth is {self.centre_halfwidth}; twice that must not exceed "
                f"the {self.n_bands} bands that crop={self.crop} leaves"
            )

    def __str__(self) -> str:
        named = [name for name, recipe in RECIPES.items() if recipe == self]
        changes = [
            f"{field.name}={_short(value)}"
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) != getattr(ORIGINAL, field.name)
        ]
        return named[0] if named else f"tutorial with {', '.join(changes)}"

    @property
    def n_bands(self) -> int:
        """Number of mel bands that `crop` leaves."""
        return self.n_mels - sum(self.crop)

    @property
    def bands(self) -> slice:
        """Slice of the mel bands that `crop` leaves."""
        return slice(self.crop[0], self.n_mels - self.crop[1])

    # Equal recipes must be equal as text, because the digest of a study contains that text: each
    # number is stored in one type.

    def _set_whole(self, name):
        """Store a whole number as an int within its bounds."""
        if getattr(self, name) is None and name in MAY_BE_OFF:
            return
        value = whole_number(name, getattr(self, name), *WHOLE_NUMBERS[name])
        object.__setattr__(self, name, value)

    def _set_real(self, name, above=-math.inf, least=-math.inf, most=math.inf):
        """Store a number as a float within its bounds."""
        value = getattr(self, name)
        if value is None and name in MAY_BE_OFF:
            return
        # + 0.0 turns -0.0 into 0.0
        object.__setattr__(self, name, real_number(name, value, above, least, most) + 0.0)


def _short(value):
    """Write a value of a recipe as briefly as it can be read again."""
    return repr(int(value) if isinstance(value, float) and value.is_integer() else value)


ORIGINAL = Recipe()
"""The recipe of the tutorial."""

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "tutorial": ORIGINAL,
        "songbird": Recipe(
            n_fft=1024,
            n_mels=64,
            low_hz=500,
            high_hz=10_000,
            crop=(0, 0),
            centre_halfwidth=None,
        ),
        "rat": Recipe(low_hz=18_000, crop=(0, 0), centre_halfwidth=None),
        "pup": Recipe(low_hz=20_000, crop=(0, 0)),
    }
)
"""Recipes by name: for adult mice (the tutorial's), songbirds, rats and mouse pups."""


def load_recipe(source: str | os.PathLike[str]) -> Recipe:
    """Return a recipe by its name, or from a TOML file.

    Parameters
    ----------
    source : str or path
        A name of `RECIPES`, or the path of a file `*.toml`. Its keys are fields of `Recipe`; all
        other fields are the tutorial's. The text "off" stands for None.

    Returns
    -------
    Recipe

    Raises
    ------
    UsvError
        If there is no recipe of that name, the file cannot be read, or a key or value is wrong.
    MissingFileError
        If there is no such file.

    Examples
    --------
    >>> load_recipe("rat").low_hz
    18000.0
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "gerbil.toml"
    ...     _ = path.write_text('low_hz = 15_000\\ncentre_halfwidth = "off"')
    ...     print(load_recipe(path))
    tutorial with low_hz=15000, centre_halfwidth=None
    """
    if isinstance(source, str) and source in RECIPES:
        return RECIPES[source]
    if not isinstance(source, (str, os.PathLike)) or not str(source).lower().endswith(".toml"):
        raise UsvError(
            f"source is {in_words(source)}; it must be one of {', '.join(RECIPES)}, or the "
            "path of a file that ends in .toml"
        )
    path = existing_file(source, "source")
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsvError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # not UTF-8, or not TOML
        raise UsvError(f"{path} is not a TOML file: {error}") from error
    names = [field.name for field in dataclasses.fields(Recipe)]
    for key, value in fields.items():
        if key not in names:
            raise UsvError(
                f"{path}: {key} is {value!r}, but a recipe has no such field; it must be one of "
                f"{', '.join(names)}"
            )
        if value == "off" and key in MAY_BE_OFF:
            fields[key] = None
    try:
        return Recipe(**fields)
    except UsvError as error:
        raise UsvError(f"{path}: {error}") from error
