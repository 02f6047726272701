"""What can be published about a model, as `Model.statistics` gives it."""

from __future__ import annotations

import dataclasses
from typing import Any

from . import _c_api as c
from ._results import Doubles

_WARNINGS = {
    c.WARNING_DEGENERATE_WEIGHTS: "degenerate_weights",
    c.WARNING_COLLAPSE: "collapse",
    c.WARNING_MUTUAL_INFORMATION: "mutual_information",
}


@dataclasses.dataclass(frozen=True, eq=False)
class Statistics:
    """Means over the examples, in nats per example where nothing else is said.

    docs/EVALUATION.md has the formulas with their sources, and what each number can and cannot say.

    Attributes
    ----------
    examples : int
        The number of examples that the means are over.
    log_evidence : float
        Estimates log p(x) by importance sampling, on average from below.
    standard_error, interval_low, interval_high : float
        Of that mean over examples, and 95 % for other examples like them; NaN for one example.
    sampling_error : float
        Of `log_evidence` over seeds.
    effective_samples, effective_samples_min : float
        The effective sample size, from 1 to the number of samples: its mean, and the smallest of an example.
    few_effective : int
        Examples with fewer than 10 effective samples.
    reconstruction, kl, negative_elbo : float
        -log p(x|z), KL(q, p(z)), and their sum.
    mutual_information, aggregate_kl : float
        I(x; z) under q, and KL(aggregate posterior, p(z)).
    bits_per_dimension : float
        Of `log_evidence`, in bits.
    bits : {"code length", "cross entropy", "density", "bins"}
        What bits_per_dimension means.
    active_latents : int
        Latents whose variance is over `active_variance`.
    aggregate_rows : int
        Rows that stood for the aggregate posterior at a time.
    warnings : tuple of str
        "degenerate_weights": over a tenth of the examples have too few effective samples, so that log_evidence is
        likely too low. "collapse": most latents are inactive. "mutual_information": it is within 1 nat of the most that
        aggregate_rows can show.
    latent_kl, latent_variance : ndarray of shape (Z,), float64
        Each latent's share of the KL, and the variance over examples of its mean under q.
    row_log_evidence, row_effective_samples : ndarray of shape (N,), float64
        Of each example.
    """

    examples: int
    log_evidence: float
    standard_error: float
    interval_low: float
    interval_high: float
    sampling_error: float
    effective_samples: float
    effective_samples_min: float
    few_effective: int
    reconstruction: float
    kl: float
    negative_elbo: float
    mutual_information: float
    aggregate_kl: float
    bits_per_dimension: float
    bits: str
    active_latents: int
    aggregate_rows: int
    warnings: tuple[str, ...]
    latent_kl: Doubles
    latent_variance: Doubles
    row_log_evidence: Doubles
    row_effective_samples: Doubles


_ARRAYS = {
    "latent_kl": "latent_kl",
    "latent_variance": "latent_variance",
    "row_log_evidence": "log_evidence",
    "row_effective_samples": "effective_samples",
}


def from_struct(struct: c.Statistics, arrays: dict[str, Doubles]) -> Statistics:
    """`arrays` by the names of vae_statistics_arrays."""
    fields: dict[str, Any] = {name: arrays[field] for name, field in _ARRAYS.items()}
    fields["warnings"] = tuple(name for flag, name in _WARNINGS.items() if struct.warnings & flag)
    fields["bits"] = c.BITS[struct.bits]
    numbers = [field.name for field in dataclasses.fields(Statistics) if field.name not in fields]
    return Statistics(**fields, **{name: getattr(struct, name) for name in numbers})
