//! Published and widely used models by name. `docs/PRESETS.md` says what each stands for.

use crate::config::Config;
use crate::error::{c_string, call, static_text, Error};
use crate::sys::{self, Initialised};
use crate::training::Training;

/// A point of the model space with the way it is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// `"kingma-mlp"`
    pub name: &'static str,
    /// Paper or program.
    pub source: &'static str,
    /// What it stands for, and where it differs from the source.
    pub summary: &'static str,
    /// That its source trains for, or a sensible number.
    pub epochs: u32,
    /// For 28 x 28 images where the source has them; set `input_dim` (and `groups`) for other data.
    pub config: Config,
    /// Objective, optimiser, schedule, batch size.
    pub training: Training,
}

impl Preset {
    /// All names, in the order in which programs list them.
    pub fn names() -> Vec<&'static str> {
        (0..unsafe { sys::vae_preset_count() })
            .map(|index| unsafe { static_text(sys::vae_preset_name(index)) })
            .collect()
    }

    /// The preset of that name. Fails with `INVALID_ARGUMENT` for an unknown one.
    pub fn named(name: &str) -> Result<Self, Error> {
        let name = c_string(name.as_bytes(), "name")?;
        let mut info = sys::vae_preset_info::initialised();
        let mut config = sys::vae_config::initialised();
        let mut training = sys::vae_training::initialised();
        call(|err| unsafe { sys::vae_preset_get(name.as_ptr(), &mut info, &mut config, &mut training, err) })?;
        // Texts, layers and groups are static.
        unsafe {
            Ok(Preset {
                name: static_text(info.name),
                source: static_text(info.source),
                summary: static_text(info.summary),
                epochs: info.epochs,
                config: Config::from_c(&config),
                training: Training::from_c(&training),
            })
        }
    }
}
