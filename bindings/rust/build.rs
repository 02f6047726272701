//! Finds libvae: in the prefix LIBVAE_DIR where it is set, else through pkg-config.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=LIBVAE_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    let (include, library) = match std::env::var_os("LIBVAE_DIR") {
        Some(prefix) => in_prefix(Path::new(&prefix)),
        None => by_pkg_config(),
    };
    println!("cargo:rustc-link-lib=dylib=vae");
    println!("cargo:rustc-link-search=native={}", library.display());
    // This package's own tests and examples find the library again when they run.
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", library.display());
    // What the build script of a dependent crate gets, as DEP_VAE_LIB and DEP_VAE_INCLUDE.
    println!("cargo:lib={}", library.display());
    println!("cargo:include={}", include.display());
    println!("cargo:rustc-env=LIBVAE_INCLUDE={}", include.display()); // tests/abi.rs compiles C against it
}

fn in_prefix(prefix: &Path) -> (PathBuf, PathBuf) {
    let holds_it = |folder: &PathBuf| folder.join("libvae.so").exists() || folder.join("libvae.dylib").exists();
    let triple = format!("lib/{}-linux-gnu", std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default());
    let candidates = ["lib", "lib64", triple.as_str()].map(|folder| prefix.join(folder));
    match candidates.iter().find(|folder| holds_it(folder)) {
        Some(folder) => (prefix.join("include"), folder.clone()),
        None => stop(&format!("LIBVAE_DIR is {}, but there is no libvae in its lib folder", prefix.display())),
    }
}

fn by_pkg_config() -> (PathBuf, PathBuf) {
    // The crate's version is the library's; before 1.0 a minor version may change the ABI.
    let minor: u32 = env!("CARGO_PKG_VERSION_MINOR").parse().expect("cargo gives a number");
    let (least, below) = (format!("vae >= 0.{minor}"), format!("vae < 0.{}", minor + 1));
    if let Err(reason) = pkg_config(&["--exists", "--print-errors", &least, &below]) {
        stop(&format!("pkg-config did not find libvae 0.{minor}: {reason}"));
    }
    let folder = |variable: &str| match pkg_config(&[&format!("--variable={variable}"), "vae"]) {
        Ok(folder) => PathBuf::from(folder),
        Err(reason) => stop(&reason),
    };
    (folder("includedir"), folder("libdir"))
}

fn pkg_config(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("pkg-config").args(arguments).output().map_err(|error| format!("pkg-config: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

fn stop(reason: &str) -> ! {
    eprintln!("{reason}");
    eprintln!(
        "Install libvae (make install PREFIX=DIR), then set LIBVAE_DIR=DIR or PKG_CONFIG_PATH=DIR/lib/pkgconfig."
    );
    std::process::exit(1)
}
