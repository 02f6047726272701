"""Trains for a moment with vae-cli, then reads the model file with the `safetensors` package and recomputes in NumPy
what the program says of it.

usage: model_file_check.py VAE_CLI FOLDER
Prints `ok - WHAT` or `not ok - WHAT` for each check; exits with 1 where one failed.
"""
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

HIDDEN, LATENT, SAMPLES = 64, 8, 40
failures = 0


def check(what, passed, detail=""):
    global failures
    failures += not passed
    print(f"{'ok' if passed else 'not ok'} - {what}" + (f": {detail}" if detail and not passed else ""))


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        check(f"vae-cli {arguments[0]}", False, done.stderr.strip())
        sys.exit(1)
    return done.stdout


def relative_error(a, b):
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float(np.linalg.norm(a - b) / np.linalg.norm(b)) if a.shape == b.shape else float("inf")


def dense(tensors, name, x):
    """PyTorch's orientation: weight [out, in]."""
    return x @ tensors[name + ".weight"].astype(np.float64).T + tensors[name + ".bias"].astype(np.float64)


def encode(tensors, x):
    hidden = np.maximum(dense(tensors, "encoder.0", x), 0)
    return dense(tensors, "encoder.mean", hidden), np.clip(dense(tensors, "encoder.logvar", hidden), -20, 20)


def decode_logits(tensors, z):
    return dense(tensors, "decoder.mean", np.maximum(dense(tensors, "decoder.0", z), 0))


def loss_terms(tensors, x):
    """reconstruction and KL in nats per example, with noise of NumPy's own."""
    mean, logvar = encode(tensors, x)
    kl = 0.5 * (mean**2 + np.exp(logvar) - 1 - logvar).sum(1).mean()
    random, reconstruction = np.random.default_rng(1), 0.0
    for _ in range(SAMPLES):
        logits = decode_logits(tensors, mean + np.exp(logvar / 2) * random.standard_normal(mean.shape))
        # -log p of a Bernoulli on logits: log(1 + exp(o)) - x o
        reconstruction += (np.logaddexp(0, logits) - x * logits).sum(1).mean() / SAMPLES
    return reconstruction, kl


def main(program, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model, digits = folder / "model.safetensors", folder / "held.npy"
    run(program, "digits", "--part", "test", "--out", digits)
    run(program, "train", "digits:train", "--hidden", HIDDEN, "--latent", LATENT, "--epochs", 2, "--out", model, "--quiet")

    images = np.load(digits)
    check("the held-out digits are a thousand uint8 images", images.dtype == np.uint8 and images.size == 1000 * 784)
    x = images.reshape(len(images), -1) / 255.0

    with safe_open(model, framework="numpy") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    shapes = {
        "encoder.0": (HIDDEN, 784), "encoder.mean": (LATENT, HIDDEN), "encoder.logvar": (LATENT, HIDDEN),
        "decoder.0": (HIDDEN, LATENT), "decoder.mean": (784, HIDDEN),
    }
    expected = {f"{name}.weight": shape for name, shape in shapes.items()}
    expected |= {f"{name}.bias": shape[:1] for name, shape in shapes.items()}
    found = {name: tensor.shape for name, tensor in tensors.items()}
    check("names and shapes are those of PyTorch's state_dict", found == expected, f"{found}")
    check("every tensor is float32 and finite",
          all(t.dtype == np.float32 and np.isfinite(t).all() for t in tensors.values()))
    check("libvae.format is 1", metadata.get("libvae.format") == "1", f"{metadata.get('libvae.format')}")
    config = json.loads(metadata["libvae.config"])
    wanted = {"input_dim": 784, "latent_dim": LATENT, "likelihood": "bernoulli", "prior": "standard",
              "encoder": [{"units": HIDDEN, "activation": "relu"}], "decoder": [{"units": HIDDEN, "activation": "relu"}]}
    check("libvae.config describes the model", {key: config.get(key) for key in wanted} == wanted, f"{config}")

    run(program, "encode", model, digits, "--out", folder / "mean.npy", "--quiet")
    mean = encode(tensors, x)[0]
    error = relative_error(np.load(folder / "mean.npy"), mean)
    check("encode gives NumPy's means", error < 1e-5, f"relative error {error:.2e}")

    np.save(folder / "z.npy", mean.astype(np.float32))
    run(program, "decode", model, folder / "z.npy", "--out", folder / "decoded.npy", "--quiet")
    decoded = np.load(folder / "decoded.npy").reshape(len(x), -1)
    error = relative_error(decoded, 1 / (1 + np.exp(-decode_logits(tensors, mean))))
    check("decode gives NumPy's probabilities", error < 1e-5, f"relative error {error:.2e}")

    said = json.loads(run(program, "evaluate", model, digits, "--samples", SAMPLES, "--json"))
    reconstruction, kl = loss_terms(tensors, x)
    check("evaluate counts the examples", said["examples"] == len(x), f"{said}")
    check("evaluate gives NumPy's KL", abs(said["kl"] - kl) < 1e-4 * kl, f"{said['kl']} and {kl}")
    # The noise is not the same: 40,000 draws on both sides leave a standard error of about 0.01 nats.
    check("evaluate gives NumPy's loss within 0.1 nats", abs(said["loss"] - reconstruction - kl) < 0.1,
          f"{said['loss']} and {reconstruction + kl}")
    check("what is printed adds up", abs(said["loss"] - said["reconstruction"] - said["kl"]) < 1e-6 * said["loss"], f"{said}")

    save_file(tensors, folder / "rewritten.safetensors", metadata=metadata)
    again = json.loads(run(program, "evaluate", folder / "rewritten.safetensors", digits, "--samples", SAMPLES, "--json"))
    check("a file written by the safetensors package gives the same bits", again["loss"] == said["loss"],
          f"{again['loss']} and {said['loss']}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))
