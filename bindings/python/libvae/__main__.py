"""`python -m libvae export MODEL --encoder FILE --decoder FILE --prior FILE`"""

from __future__ import annotations

import argparse
import sys

from . import Model, VAEError, __version__


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m libvae", description="Variational autoencoders")
    parser.add_argument("--version", action="version", version=f"libvae {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    export = commands.add_parser("export", help="write a model's parts as ONNX files")
    export.add_argument("model", metavar="MODEL", help="a model file (.safetensors)")
    export.add_argument("--encoder", metavar="FILE", help="x, condition, noise -> mean, logvar, z")
    export.add_argument("--decoder", metavar="FILE", help="z, condition -> output, the mean of p(x|z)")
    export.add_argument("--prior", metavar="FILE", help="condition, noise -> mean, logvar, z of a conditional prior")
    options = parser.parse_args(arguments)
    paths = {"encoder": options.encoder, "decoder": options.decoder, "prior": options.prior}
    if not any(paths.values()):
        export.error("give --encoder, --decoder, --prior or several")
    try:
        from . import onnx

        onnx.export(Model.load(options.model), **paths)
    except (VAEError, ImportError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
