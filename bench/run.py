#!/usr/bin/env python3
"""Measures libvae and its peers; `make bench` calls it.

usage: run.py [--only PART,…] [--configs NAME,…] [--threads N] [--rounds N] [--seconds S] [--cli VAE_CLI] [--mnist DIR]
              [--no-peers] [--out DIR] [--into PAGE] [--plots DIR] [--tables]

Parts: mnist, training, latency, inference, kernels, footprint, and only where it is named growth. Every sample goes to OUT/results.json, where parts that are
not run now stay as they were; the tables go to OUT/results.md and the screen, and with --into into the marked places of
that page (docs/BENCHMARKS.md). --tables measures nothing and writes the tables again.
"""
import argparse
import json
import pathlib
import sys

import growth
import machine
import parts
import programs
import tables


def names(known):
    def read(text):
        chosen = text.split(",")
        for name in chosen:
            if name not in known:
                raise argparse.ArgumentTypeError(f'no "{name}"; there are {", ".join(known)}')
        return chosen
    return read


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=names(list(parts.PARTS)), default=parts.USUAL, metavar="PART,…")
    parser.add_argument("--configs", type=names(parts.CONFIGS), default=parts.CONFIGS, metavar="NAME,…")
    parser.add_argument("--threads", type=int, default=machine.processors())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each training measurement; each of inference has a quarter of it")
    parser.add_argument("--cli", help="the program vae-cli")
    parser.add_argument("--mnist", help="the folder with MNIST's four IDX files")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--out", default=str(programs.ROOT / "build" / "bench"))
    parser.add_argument("--into", help="a page whose marked tables are replaced")
    parser.add_argument("--plots", help="the folder for the plots of growth")
    parser.add_argument("--tables", action="store_true")
    return parser.parse_args()


def main():
    options = arguments()
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "results.json"
    results = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    measured = []
    if not options.tables:
        programs.build()
        if not options.no_peers and not programs.can_import("torch") and not programs.can_import("jax"):
            parts.say("neither PyTorch nor JAX can be imported: no comparison (make bench-peers installs them)")
        described = machine.describe()
        for name in options.only:
            data = parts.PARTS[name](options)
            if data is not None:
                measured.append(name)
                if name == "mnist":
                    data = json.loads(pathlib.Path(data).read_text(encoding="utf-8"))
                results[name] = {"machine": described, "options": {"rounds": options.rounds, "seconds": options.seconds,
                                                                  "threads": options.threads}, "data": data}
                path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    texts = tables.all_tables(results)
    page = "\n".join(f"## {name}\n\n{text}" for name, text in texts.items())
    (out / "results.md").write_text(page, encoding="utf-8")
    shown = list(texts) if options.tables else measured
    print("\n".join(f"## {name}\n\n{texts[name]}" for name in shown), end="")
    if options.plots and "growth" in results:
        growth.draw(path, options.plots, parts.say)
    if options.into:
        tables.into_page(pathlib.Path(options.into), texts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
