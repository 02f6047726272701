"""`python -m libvae export MODEL --encoder FILE --decoder FILE`"""

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
    export.add_argument("--encoder", metavar="FILE", help="x, noise -> mean, logvar, z")
    export.add_argument("--decoder", metavar="FILE", help="z -> output, the mean of p(x|z)")
    options = parser.parse_args(arguments)
    if options.encoder is None and options.decoder is None:
        export.error("give --encoder, --decoder or both")
    try:
        from . import onnx

        onnx.export(Model.load(options.model), encoder=options.encoder, decoder=options.decoder)
    except (VAEError, ImportError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
