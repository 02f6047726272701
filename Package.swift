// swift-tools-version: 6.2
// libvae: the C core compiled from source (CLibVAE), the Swift wrapper (CVAE), data sets, pictures and the program.
import PackageDescription

let package = Package(
  name: "libvae",
  products: [
    .library(name: "CVAE", targets: ["CVAE"]),
    .library(name: "VAEData", targets: ["VAEData"]),
    .library(name: "VAEPictures", targets: ["VAEPictures"]),
    .executable(name: "vae-cli", targets: ["vae-cli"]),
  ],
  targets: [
    // The C core. CMakeLists.txt lists the same folder for C users; both compile every file below csrc/.
    .target(
      name: "CLibVAE",
      path: ".",
      sources: ["csrc"],
      publicHeadersPath: "include",
      cSettings: [
        .headerSearchPath("csrc"),
        .unsafeFlags(["-fopenmp", "-O3", "-std=c11", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden"]),
      ],
      linkerSettings: [.linkedLibrary("omp5", .when(platforms: [.linux])), .linkedLibrary("m")]
    ),
    .target(name: "CVAE", dependencies: ["CLibVAE"]),

    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    // The bundled digits; #embed reads them from data/, which is no source folder of its own.
    .target(name: "CDigits", exclude: ["data"], cSettings: [.unsafeFlags(["-std=c2x"])]),
    .target(name: "VAEFiles"),
    .target(name: "VAEData", dependencies: ["CZlib", "CDigits", "VAEFiles"]),
    .target(name: "VAEPictures", dependencies: ["CPNG", "VAEFiles"]),
    .executableTarget(name: "vae-cli", dependencies: ["CVAE", "VAEData", "VAEFiles", "VAEPictures"]),

    .testTarget(name: "CVAETests", dependencies: ["CVAE"], exclude: [], resources: []),
    .testTarget(name: "VAEDataTests", dependencies: ["VAEData", "VAEFiles", "CZlib"]),
    .testTarget(name: "VAEPicturesTests", dependencies: ["VAEPictures", "VAEFiles", "CPNG"]),
    .testTarget(name: "CLITests", dependencies: ["vae-cli", "VAEData"]),
  ],
  swiftLanguageModes: [.v6]
)
