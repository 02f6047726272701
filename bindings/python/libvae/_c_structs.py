"""The structs and numbers of the C ABI, as ctypes sees them.

Names, fields and their order are those of `include/vae/*.h`, which says shapes, units and ownership;
`tests/test_c_api.py` compares them with a compiler.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char, c_char_p, c_double, c_int32, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any

# --- Numbers of base.h, config.h, data.h, statistics.h ----------------------------------------------------------------

OK, STOPPED = 0, 9
ERROR_MESSAGE_SIZE = 512
MAX_MILESTONES = 16
DATA_FLOAT32, DATA_UINT8 = 0, 1
CONDITION_FLOAT32, CONDITION_UINT8, CONDITION_LABELS_UINT8, CONDITION_LABELS_UINT32 = 0, 1, 2, 3
PRECISION_FLOAT32, PRECISION_BFLOAT16, PRECISION_INT8 = 0, 1, 2
WARNING_DEGENERATE_WEIGHTS, WARNING_COLLAPSE, WARNING_MUTUAL_INFORMATION = 1, 2, 4

# --- Structs: the first field is the size that the caller knows -------------------------------------------------------

Floats = c_void_p  # float *: the address of a NumPy array's memory, `array.ctypes.data`, or None
Doubles = c_void_p  # double *: the same


class Error(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("code", c_int32), ("message", c_char * ERROR_MESSAGE_SIZE)]


class Layer(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("units", c_uint32), ("activation", c_int32)]


class Config(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("input_dim", c_uint32),
        ("condition_dim", c_uint32),
        ("latent_dim", c_uint32),
        ("encoder", POINTER(Layer)),
        ("decoder", POINTER(Layer)),
        ("encoder_count", c_uint32),
        ("decoder_count", c_uint32),
        ("prior", c_int32),
        ("likelihood", c_int32),
        ("output_activation", c_int32),
        ("sigma_kind", c_int32),
        ("sigma", c_double),
        ("groups", POINTER(c_uint32)),
        ("group_count", c_uint32),
        ("reserved", c_uint32),
        ("prior_net", POINTER(Layer)),
        ("prior_net_count", c_uint32),
        ("prior_components", c_uint32),
    ]


class Objective(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("kind", c_int32),
        ("samples", c_uint32),
        ("beta", c_double),
        ("binarization", c_int32),
        ("estimator", c_int32),
        ("free_bits", c_double),
        ("capacity", c_double),
        ("capacity_weight", c_double),
        ("regularizer", c_int32),
        ("projections", c_uint32),
        ("regularizer_weight", c_double),
        ("regularizer_diagonal", c_double),
        ("kernel_scale", c_double),
        ("data_rows", c_uint64),
        ("reserved", c_uint64 * 15),
    ]


class Training(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("batch_size", c_uint32),
        ("objective", Objective),
        ("learning_rate", c_double),
        ("beta1", c_double),
        ("beta2", c_double),
        ("epsilon", c_double),
        ("seed", c_uint64),
        ("threads", c_int32),
        ("isa", c_int32),
        ("keep_gradients", c_int32),
        ("reserved", c_uint32),
        ("precision", c_int32),
        ("precision_fallback", c_int32),
        ("rate_schedule", c_int32),
        ("warm_up", c_int32),
        ("rate_decay", c_double),
        ("rate_epochs", c_double),
        ("rate_floor", c_double),
        ("rate_milestones", c_uint32 * MAX_MILESTONES),
        ("warm_up_epochs", c_double),
        ("warm_up_share", c_double),
        ("weight_decay", c_double),
        ("clip_norm", c_double),
        ("warm_up_cycles", c_uint32),
        ("patience", c_uint32),
        ("capacity_epochs", c_double),
        ("dropout", c_double),
    ]


class Condition(ctypes.Structure):
    array: Any  # what `values` points into; not a field, but alive as long as the struct

    _fields_ = [
        ("struct_size", c_uint32),
        ("type", c_int32),
        ("values", c_void_p),
        ("rows", c_size_t),
        ("row_stride", c_size_t),
        ("scale", c_double),
    ]


class Data(ctypes.Structure):
    array: Any  # as in Condition, which a Data keeps alive, too

    _fields_ = [
        ("struct_size", c_uint32),
        ("type", c_int32),
        ("values", c_void_p),
        ("rows", c_size_t),
        ("columns", c_size_t),
        ("row_stride", c_size_t),
        ("scale", c_double),
        ("condition", POINTER(Condition)),
    ]


class Loss(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("examples", c_uint64),
        ("loss", c_double),
        ("reconstruction", c_double),
        ("kl", c_double),
        ("negative_elbo", c_double),
        ("penalty", c_double),
        ("reserved", c_double * 8),
    ]


class Terms(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("loss", Floats),
        ("kl", Floats),
        ("reconstruction", Floats),
        ("sample_nll", Floats),
        ("mean", Floats),
        ("logvar", Floats),
        ("z", Floats),
        ("output", Floats),
    ]


class ModelOptions(ctypes.Structure):
    _fields_ = [("struct_size", c_uint32), ("seed", c_uint64), ("allocator", c_void_p)]


class ParameterInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("name", c_char_p),
        ("rank", c_uint32),
        ("shape", c_uint64 * 4),
        ("count", c_size_t),
    ]


class WorkspaceOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("max_rows", c_uint32),
        ("threads", c_int32),
        ("isa", c_int32),
        ("allocator", c_void_p),
    ]


class Progress(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("epoch", c_uint64),
        ("batch", c_uint64),
        ("batches", c_uint64),
        ("step", c_uint64),
        ("loss", Loss),
    ]


class TrainerInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("threads", c_int32),
        ("isa", c_int32),
        ("epoch", c_uint64),
        ("batch", c_uint64),
        ("step", c_uint64),
        ("bytes", c_uint64),
        ("precision", c_int32),
        ("waited", c_uint32),
        ("learning_rate", c_double),
        ("beta", c_double),
        ("gradient_norm", c_double),
        ("best_loss", c_double),
        ("best_epoch", c_uint64),
        ("capacity", c_double),
    ]


class PresetInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("epochs", c_uint32),
        ("name", c_char_p),
        ("source", c_char_p),
        ("summary", c_char_p),
    ]


class StatisticsOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("samples", c_uint32),
        ("seed", c_uint64),
        ("active_variance", c_double),
        ("bin_width", c_double),
        ("aggregate_rows", c_uint32),
        ("reserved", c_uint32),
    ]


class Statistics(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("warnings", c_uint32),
        ("examples", c_uint64),
        ("log_evidence", c_double),
        ("standard_error", c_double),
        ("interval_low", c_double),
        ("interval_high", c_double),
        ("sampling_error", c_double),
        ("effective_samples", c_double),
        ("effective_samples_min", c_double),
        ("few_effective", c_uint64),
        ("reconstruction", c_double),
        ("kl", c_double),
        ("negative_elbo", c_double),
        ("mutual_information", c_double),
        ("aggregate_kl", c_double),
        ("bits_per_dimension", c_double),
        ("bits", c_int32),
        ("active_latents", c_uint32),
        ("aggregate_rows", c_uint32),
        ("reserved", c_uint32),
    ]


class StatisticsArrays(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("latent_kl", Doubles),
        ("latent_variance", Doubles),
        ("log_evidence", Doubles),
        ("effective_samples", Doubles),
    ]


ProgressCallback = ctypes.CFUNCTYPE(c_int32, POINTER(Progress), c_void_p)
