internal import CLibVAE

/// The version of libvae that is linked, such as `"0.1.0"`.
///
/// Outside of this module write `CVAE.version`.
public var version: String { String(cString: vae_version_string()) }
