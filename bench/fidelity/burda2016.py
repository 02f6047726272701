#!/usr/bin/env python3
"""Burda, Grosse & Salakhutdinov 2016 (Importance Weighted Autoencoders), table 1: MNIST, one stochastic layer.

usage: burda2016.py VAE_CLI MNIST_DIR OUT_DIR [--samples K] [--stages N] [--threads N]

Trains the preset iwae-1layer (784-200-200-50, tanh) for the first N of the paper's stages of 3^i passes (8 stages: 3280 passes), on digits binarised anew in every
pass, with the bound of K samples: K = 1 is the paper's VAE, whose KL is the Monte Carlo one. Then log p(x) of the 10,000 test digits, binarised once
by NumPy with seed 0, with 5000 importance samples. A run that was stopped goes on from its checkpoint in OUT_DIR. docs/FIDELITY.md lists what differs
from the authors' code.
"""
import argparse
import pathlib

import numpy as np

from runs import find, program, read_images, report

PUBLISHED = {1: 86.76, 5: 85.54, 50: 84.78}  # -log p(x), nats: table 1, L = 1, "VAE" k = 1 and "IWAE" k = 5, 50
STAGES = 8


def binarized_test_set(mnist, out):
    """The test digits as 0 and 1, each pixel drawn with its grey value as probability."""
    path = out / "mnist-test-binary.npy"
    grey = read_images(find(mnist, "t10k-images-idx3-ubyte")) / 255.0
    np.save(path, (np.random.default_rng(0).random(grey.shape) < grey).astype(np.uint8))
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vae_cli")
    parser.add_argument("mnist", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--samples", type=int, default=1, metavar="K")
    parser.add_argument("--stages", type=int, default=STAGES, choices=range(1, STAGES + 1), metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="0: all processors")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    name = f"burda2016-k{options.samples}-seed{options.seed}"
    model, checkpoint = options.out / f"{name}.safetensors", options.out / f"{name}-state.safetensors"
    passes = (3**options.stages - 1) // 2
    threads = ["--threads", options.threads] if options.threads else []
    begun = ["--preset", "iwae-1layer", "--samples", options.samples, "--seed", options.seed]
    run = ["--resume", checkpoint] if checkpoint.exists() else begun
    seconds, _ = program(
        options.vae_cli, "train", find(options.mnist, "train-images-idx3-ubyte"), *run, "--epochs", passes,
        "--validation", 0, "--checkpoint", checkpoint, *threads,
        "--log", options.out / f"{name}.jsonl", "--quiet", "--out", model)
    measured, statistics = program(
        options.vae_cli, "evaluate", model, binarized_test_set(options.mnist, options.out), "--scale", 1, "--statistics",
        "--importance-samples", 5000, *threads, "--json")
    print(f"trained for {passes} passes, this run's part of them in {seconds:.0f} s; measured in {measured:.0f} s")
    statistics = statistics["statistics"]
    report(options.out / f"{name}.json", {
        "experiment": f"Burda et al. 2016, table 1, k = {options.samples}, {passes} of 3280 passes",
        "published": PUBLISHED.get(options.samples),
        "ours": -statistics["log_evidence"],
        "standard error over examples": statistics["standard_error"],
        "error of the sampling": statistics["sampling_error"],
        "effective samples, mean": statistics["effective_samples"],
        "examples with fewer than 10": statistics["few_effective"],
        "negative ELBO": statistics["negative_elbo"],
        "active latents": statistics["active_latents"],
    })


if __name__ == "__main__":
    main()
