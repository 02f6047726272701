//! The condition of some rows.

use crate::data::row_count;
use crate::error::{Error, Status};
use crate::sys::{self, Initialised};
use std::os::raw::c_void;

/// c, borrowed: rows of C values, or a class label for each row; as many as there are rows of what it goes with, or a
/// single one for all of them.
///
/// Slices and vectors of `f32` convert into it.
#[derive(Clone, Copy, Debug)]
pub struct Condition<'a> {
    values: Values<'a>,
    stride: usize,
}

#[derive(Clone, Copy, Debug)]
enum Values<'a> {
    Floats(&'a [f32]),
    Bytes(&'a [u8], f64),
    Labels(&'a [u32]),
    ByteLabels(&'a [u8]),
    Label([u32; 1]),
}

impl<'a> Condition<'a> {
    /// Rows of floats.
    pub fn floats(values: &'a [f32]) -> Self {
        Condition { values: Values::Floats(values), stride: 0 }
    }

    /// Rows of bytes that each stand for byte * scale; `scale`: 1e-30 to 1e30.
    pub fn bytes(values: &'a [u8], scale: f64) -> Self {
        Condition { values: Values::Bytes(values, scale), stride: 0 }
    }

    /// Labels from 0 to C - 1, which stand for rows with a single 1.
    pub fn labels(labels: &'a [u32]) -> Self {
        Condition { values: Values::Labels(labels), stride: 0 }
    }

    /// The same in bytes.
    pub fn byte_labels(labels: &'a [u8]) -> Self {
        Condition { values: Values::ByteLabels(labels), stride: 0 }
    }

    /// The same label for all rows.
    pub fn label(label: u32) -> Self {
        Condition { values: Values::Label([label]), stride: 0 }
    }

    /// The next row begins `stride` values after a row; 0 stands for the row's length.
    pub fn with_stride(self, stride: usize) -> Self {
        Condition { stride, ..self }
    }
}

impl<'a> From<&'a [f32]> for Condition<'a> {
    fn from(values: &'a [f32]) -> Self {
        Condition::floats(values)
    }
}

impl<'a> From<&'a Vec<f32>> for Condition<'a> {
    fn from(values: &'a Vec<f32>) -> Self {
        Condition::floats(values)
    }
}

/// An optional condition for a model with `columns` values or classes of it.
pub(crate) struct ConditionView<'a> {
    condition: Option<Condition<'a>>,
    c: sys::vae_condition,
}

impl<'a> ConditionView<'a> {
    /// Fails with `MISMATCH` where the values are no whole number of rows, and for a model that takes none.
    pub(crate) fn new(condition: Option<Condition<'a>>, columns: u32) -> Result<Self, Error> {
        let mut c = sys::vae_condition::initialised();
        if let Some(condition) = condition {
            if columns == 0 {
                return Err(Error::new(Status::MISMATCH, "condition: the model takes none"));
            }
            let columns = columns as usize;
            let (kind, count, width) = match condition.values {
                Values::Floats(values) => (sys::VAE_CONDITION_FLOAT32, values.len(), columns),
                Values::Bytes(values, _) => (sys::VAE_CONDITION_UINT8, values.len(), columns),
                Values::Labels(labels) => (sys::VAE_CONDITION_LABELS_UINT32, labels.len(), 1),
                Values::ByteLabels(labels) => (sys::VAE_CONDITION_LABELS_UINT8, labels.len(), 1),
                Values::Label(_) => (sys::VAE_CONDITION_LABELS_UINT32, 1, 1),
            };
            c.r#type = kind;
            c.row_stride = if condition.stride == 0 { width } else { condition.stride };
            c.rows = row_count(count, width, c.row_stride, "condition")?;
            if let Values::Bytes(_, scale) = condition.values {
                c.scale = scale;
            }
        }
        Ok(ConditionView { condition, c })
    }

    /// NULL for none; else valid as long as `self` stays where it is.
    pub(crate) fn as_c(&mut self) -> *const sys::vae_condition {
        match &self.condition {
            None => std::ptr::null(),
            Some(condition) => {
                self.c.values = match &condition.values {
                    Values::Floats(values) => values.as_ptr() as *const c_void,
                    Values::Bytes(values, _) | Values::ByteLabels(values) => values.as_ptr() as *const c_void,
                    Values::Labels(labels) => labels.as_ptr() as *const c_void,
                    Values::Label(label) => label.as_ptr() as *const c_void,
                };
                &self.c
            }
        }
    }
}
