"""Whether the program keeps to its limits: 80 MB for training 784-400-20 on 60,000 rows of 784 bytes (47 MB of them are the
data), plain, compressed and with a tenth held out; 20 ms for `info`.

usage: footprint_check.py VAE_CLI     prints `ok - …` or `not ok - …` a line
"""
import pathlib
import sys
import tempfile

import parts

MOST_BYTES, MOST_MILLISECONDS = 80e6, 20


def main(cli):
    failed = False

    def check(what, good):
        nonlocal failed
        failed |= not good
        print(f"{'ok' if good else 'not ok'} - {what}")

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model = folder / "model.safetensors"
        for file, extra in (("digits.idx", ["--validation", "0"]), ("digits.idx.gz", ["--validation", "0"]),
                            ("digits.idx.gz", [])):
            if not (folder / file).exists():
                parts.synthetic_idx(folder / file)
            _, most = parts.resident([cli, "train", folder / file, "--hidden", "400", "--latent", "20", "--epochs", "1",
                                      "--out", model, "--quiet", *extra])
            check(f"train {file} {' '.join(extra)}: {most / 1e6:.1f} MB resident, allowed are {MOST_BYTES / 1e6:.0f}",
                  most <= MOST_BYTES)
        best = min(parts.startup([cli, "info", model]))  # the least disturbed of 40
        check(f"info: {best:.1f} ms, allowed are {MOST_MILLISECONDS}", best <= MOST_MILLISECONDS)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
