"""Types or a continuum: the verdict, its evidence, and what it was calibrated on."""

from .assessment import FEWEST_SYLLABLES, LEAST_SUPPORT, assess_continuum
from .callclasses import CLASSES, call_classes, plot_classes
from .controls import CONTINUA, CONTROLS, oracle_separation, simulate_control
from .dimension import (
    Dimension,
    calibrated_estimates,
    dimension_calibration,
    intrinsic_dimension,
    plot_dimension,
)
from .estimators import likelihood_dimension, principal_components
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
    plot_verdict,
)

__all__ = [
    "CLASSES",
    "CONCLUSIONS",
    "CONTINUA",
    "CONTINUUM",
    "CONTROLS",
    "FEWEST_SYLLABLES",
    "JUMP",
    "KINDS",
    "LEAST_SUPPORT",
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
    "plot_classes",
    "plot_dimension",
    "plot_power",
    "plot_verdict",
    "principal_components",
    "simulate_control",
]
