#!/usr/bin/env python3
"""Completion of MNIST digits of which 1, 2 or 3 quadrants are seen: Sohn, Lee & Yan 2015, table 2, and Pyro's example "cvae".

usage: quadrants.py VAE_CLI MNIST_DIR OUT_DIR [--observed N …] [--epochs E] [--threads N]

Trains `--preset cvae-quadrant` with N quadrants observed: x is the missing pixels, c the 784 pixels with -1 for the missing ones. On the 10,000 test
digits it prints -log p(x|c) in nats by three estimates, with the program's grey values as x:

  ELBO               the bound, 10 latent samples
  through q          importance sampling from q(z|x, c), 100 samples: vae-cli evaluate --statistics
  through the prior  -log 1/S sum p(x|z_s, c), z_s from p(z|c), S = 100: what Sohn et al. report. In NumPy, from nothing but the saved file.
"""
import argparse
import pathlib

import numpy as np

from runs import find, program, read_images, read_safetensors, report

# Negative conditional log-likelihoods, nats. Sohn et al.: "CVAE (Monte Carlo)"; Pyro: the loss that its tutorial prints, an ELBO.
PUBLISHED = {1: (68.62, 71.8), 2: (45.57, 51.0), 3: (20.97, 24.2)}
SIDE = 28
DRAWS = 100
ROWS_AT_ONCE = 500


def missing_pixels(quadrants):
    """Which of the 784 pixels are missing: the lower left quadrant is seen first, then the upper left one, then the upper right one."""
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    upper, left = row < SIDE // 2, column < SIDE // 2
    seen = {1: left & ~upper, 2: left, 3: left | upper}[quadrants]
    return ~seen


def through_the_prior(model, images, missing, seed=0):
    """The mean over the images of -log( 1/S sum_s p(x | z_s, c) ), z_s from p(z|c)."""
    draw = np.random.default_rng(seed)

    def dense(name, values):
        return values @ model[name + ".weight"].T + model[name + ".bias"]

    def stack(name, values):
        layer = 0
        while f"{name}.{layer}.weight" in model:
            values, layer = np.maximum(dense(f"{name}.{layer}", values), 0), layer + 1
        return values

    total = 0.0
    for begin in range(0, len(images), ROWS_AT_ONCE):
        grey = images[begin : begin + ROWS_AT_ONCE].astype(np.float32) / 255
        x, c = grey[:, missing], np.where(missing, np.float32(-1), grey)
        hidden = stack("prior", c)
        mean, deviation = dense("prior.mean", hidden), np.exp(0.5 * np.clip(dense("prior.logvar", hidden), -20, 20))
        best, terms = np.full(len(x), -np.inf), np.zeros(len(x))
        for _ in range(DRAWS):
            z = mean + deviation * draw.standard_normal(mean.shape, np.float32)
            logits = dense("decoder.mean", stack("decoder", np.concatenate([z, c], axis=1)))
            log_p = (logits * x - np.logaddexp(0, logits)).sum(axis=1, dtype=np.float64)
            higher = np.maximum(best, log_p)
            terms = terms * np.exp(best - higher) + np.exp(log_p - higher)
            best = higher
        total -= (best + np.log(terms / DRAWS)).sum()
    return total / len(images)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vae_cli")
    parser.add_argument("mnist", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--observed", type=int, nargs="+", choices=(1, 2, 3), default=(1, 2, 3), metavar="N")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--patience", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0, help="0: all processors")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    threads = ["--threads", options.threads] if options.threads else []
    test = find(options.mnist, "t10k-images-idx3-ubyte")
    for quadrants in options.observed:
        name = f"quadrants-{quadrants}-seed{options.seed}"
        model, part = options.out / f"{name}.safetensors", f"quadrants={quadrants}"
        seconds, _ = program(
            options.vae_cli, "train", find(options.mnist, "train-images-idx3-ubyte"), "--preset", "cvae-quadrant",
            "--observed", part, "--epochs", options.epochs, "--patience", options.patience, "--seed", options.seed,
            "--log", options.out / f"{name}.jsonl", *threads, "--quiet", "--out", model)
        _, bound = program(options.vae_cli, "evaluate", model, test, "--observed", part, "--samples", 10, *threads, "--json")
        _, estimate = program(options.vae_cli, "evaluate", model, test, "--observed", part, "--statistics",
                              "--importance-samples", 100, *threads, "--json")
        missing = missing_pixels(quadrants)
        report(options.out / f"{name}.json", {
            "experiment": f"{quadrants} of 4 quadrants observed, {missing.sum()} pixels to complete",
            "Sohn et al. 2015, through the prior": PUBLISHED[quadrants][0],
            "ours, through the prior": through_the_prior(read_safetensors(model), read_images(test), missing),
            "ours, through q": -estimate["statistics"]["log_evidence"],
            "effective samples through q, of 100": estimate["statistics"]["effective_samples"],
            "Pyro's tutorial, ELBO": PUBLISHED[quadrants][1],
            "ours, ELBO": bound["loss"],
            "seconds of training": seconds,
        })


if __name__ == "__main__":
    main()
