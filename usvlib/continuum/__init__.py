"""Types or a continuum: the verdict, its evidence, and the controls that calibrate it."""

from .assessment import MIN_SUPPORT, MIN_SYLLABLES, assess_continuum
from .callclasses import CLASSES, call_classes, plot_classes
from .controls import CONTINUA, CONTROLS
from .dimension import (
    Dimension,
    calibrated_estimates,
    dimension_calibration,
    intrinsic_dimension,
    plot_calibration,
)
from .estimators import likelihood_dimension, principal_components
from .inputs import oracle_separation, simulate_control
from .power import control_results, detected_separation, false_alarms, plot_power
from .tendency import copula_null, gaussian_null, hopkins
from .verdict import (
    CONCLUSIONS,
    CONTINUUM,
    JUMP,
    KINDS,
    SATELLITE,
    TOO_FEW,
    TYPES,
    Verdict,
)

__all__ = [
    "CLASSES",
    "CONCLUSIONS",
    "CONTINUA",
    "CONTINUUM",
    "CONTROLS",
    "JUMP",
    "KINDS",
    "MIN_SUPPORT",
    "MIN_SYLLABLES",
    "SATELLITE",
    "TOO_FEW",
    "TYPES",
    "Dimension",
    "Verdict",
    "assess_continuum",
    "calibrated_estimates",
    "call_classes",
    "control_results",
    "copula_null",
    "detected_separation",
    "dimension_calibration",
    "false_alarms",
    "gaussian_null",
    "hopkins",
    "intrinsic_dimension",
    "likelihood_dimension",
    "oracle_separation",
    "plot_calibration",
    "plot_classes",
    "plot_power",
    "principal_components",
    "simulate_control",
]
