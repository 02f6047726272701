// swift-tools-version: 6.2
// Programs of your own on the package CVAE. Beside a checkout of libvae the dependency is a path; elsewhere give the
// repository's URL and a version.
import PackageDescription

let package = Package(
  name: "examples",
  dependencies: [.package(name: "libvae", path: "../..")],
  targets: [
    .executableTarget(name: "quickstart", dependencies: [.product(name: "CVAE", package: "libvae")]),
    .executableTarget(
      name: "progress",
      dependencies: [.product(name: "CVAE", package: "libvae"), .product(name: "VAEData", package: "libvae")]),
    .executableTarget(
      name: "tasks",
      dependencies: [.product(name: "CVAE", package: "libvae"), .product(name: "VAEData", package: "libvae")]),
    .executableTarget(
      name: "conditions",
      dependencies: [.product(name: "CVAE", package: "libvae"), .product(name: "VAEData", package: "libvae")]),
  ]
)
