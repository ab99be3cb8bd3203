"""Every parameter of the way from audio to clusters, in one place."""

import dataclasses
import math
import numbers

from ._shared import UsvError, whole_number


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The parameters of every step; change one with `dataclasses.replace`.

    The defaults are those of the original page, "Ultrasonic vocalizations from mice" of
    das_unsupervised, which follows Sainburg et al. (2020).

    Attributes
    ----------
    n_fft : int
        Length of the Fourier window, in samples.
    hop_s : float
        Step from one frame to the next, in seconds; rounded down to whole samples.
    n_mels : int
        Number of mel bands between `low_hz` and `high_hz`.
    low_hz, high_hz : float
        Frequency range of the mel bands; `high_hz=None` is half the sampling rate.
    crop : (int, int)
        Bands dropped at the bottom and at the top, after the noise floor is known.
    threshold : float or None
        In log2 units over the noise floor: what lies below becomes 0. None leaves all as it is.
    time_scaling : float or None
        A syllable of n frames is resized to `int(time_scaling * ln(n))` columns. None keeps n.
    centre_halfwidth : int or None
        Bands kept below and above the band of the largest time average. None keeps all bands.
    n_neighbors, min_dist, embedding_seed
        Of UMAP.
    n_clusters, clustering_seed
        Of k-means.
    """

    n_fft: int = 2048
    hop_s: float = 0.001
    n_mels: int = 128
    low_hz: float = 40_000
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

    def __post_init__(self):
        for name, least in (
            ("n_fft", 16),
            ("n_mels", 1),
            ("n_neighbors", 2),
            ("embedding_seed", 0),
            ("n_clusters", 1),
            ("clustering_seed", 0),
        ):
            self._set_whole(name, least)
        if self.centre_halfwidth is not None:
            self._set_whole("centre_halfwidth", 1)
        if not isinstance(self.crop, (tuple, list)) or len(self.crop) != 2:
            raise UsvError(f"crop is {self.crop!r}; it must be two numbers of bands")
        # A list would make the recipe unhashable, and its digest depend on the spelling.
        crop = tuple(whole_number("crop", n_bands, 0) for n_bands in self.crop)
        object.__setattr__(self, "crop", crop)
        self._check_real("hop_s", above=0)
        self._check_real("low_hz", least=0)
        self._check_real("min_dist", least=0, most=1)
        if self.high_hz is not None:
            self._check_real("high_hz", above=self.low_hz)
        if self.threshold is not None:
            self._check_real("threshold")
        if self.time_scaling is not None:
            self._check_real("time_scaling", above=0)
        if self.n_bands < 1:
            raise UsvError(
                f"crop is {self.crop}; it must leave at least one of {self.n_mels} bands"
            )
        if self.centre_halfwidth is not None and 2 * self.centre_halfwidth > self.n_bands:
            raise UsvError(
                f"centre_halfwidth is {self.centre_halfwidth}; twice that must not exceed "
                f"the {self.n_bands} bands that crop={self.crop} leaves"
            )

    @property
    def n_bands(self):
        """Number of mel bands that `crop` leaves."""
        return self.n_mels - sum(self.crop)

    @property
    def bands(self):
        """The slice of the mel bands that `crop` leaves."""
        return slice(self.crop[0], self.n_mels - self.crop[1])

    def _set_whole(self, name, least):
        # As an int however it was written: the digest of a study is of the recipe's words.
        object.__setattr__(self, name, whole_number(name, getattr(self, name), least))

    def _check_real(self, name, above=-math.inf, least=-math.inf, most=math.inf):
        value = getattr(self, name)
        number = isinstance(value, numbers.Real) and math.isfinite(value)
        if not (number and above < value and least <= value <= most):
            bounds = [f"above {above:g}"] * (above > -math.inf) + [f"at least {least:g}"] * (
                least > -math.inf
            )
            bounds += [f"at most {most:g}"] * (most < math.inf)
            raise UsvError(f"{name} is {value!r}; it must be {' and '.join(['finite', *bounds])}")


ORIGINAL = Recipe()
"""The recipe of the original page."""
