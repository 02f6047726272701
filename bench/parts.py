"""The parts of the benchmark: each measures and gives plain data, every sample included; tables.py makes text of them."""
import gzip
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import growth
import programs

CONFIGS = ["mlp400", "tutorial", "iwae1", "iwae50", "wide"]
HALF_CONFIGS = ["mlp400", "wide"]  # where the peers' bf16 is measured too
OPERATIONS = ["encode", "decode", "reconstruct", "score"]
WEIGHTS = ["float32", "bf16", "int8"]  # of inference copies
# Ours, one entry a precision: name, precision, configurations.
OURS = [("libvae", "float32", CONFIGS), ("libvae bf16", "bf16", HALF_CONFIGS)]
DIGITS = 60000


def say(text):
    print(text, file=sys.stderr, flush=True)


def training(options):
    """Rounds of ours, peer, ours, peer …, so that good and bad minutes meet all of them."""
    results = []
    for config in options.configs:
        precisions = ["float32", "bf16"] if config in HALF_CONFIGS else ["float32"]
        peers = [] if options.no_peers else programs.open_peers(config, options.threads, precisions)
        result = {"config": config, "threads": options.threads, "rounds": [],
                  "versions": {key: value for peer in peers for key, value in peer.versions.items()}}
        for number in range(options.rounds):
            ours, theirs = [], []
            for name, precision, configs in OURS:
                if config in configs:
                    ours += [{"name": name, **sample} for sample in programs.program(
                        "training_bench", "--config", config, "--threads", options.threads, "--seconds", options.seconds,
                        "--precision", precision)]
            ours += programs.program("training_bench", "--config", config, "--threads", options.threads, "--seconds",
                                     options.seconds, "--keep-gradients", 1)
            for peer in peers:
                theirs.append(peer.ask("train", options.seconds))
            result["rounds"].append({"ours": ours, "peers": theirs})
            say(f"training {config}, round {number + 1} of {options.rounds}: libvae "
                f"{ours[0]['samples_per_second']:.0f}/s, {ours[0]['fraction_of_peak']:.0%} of the peak"
                + "".join(f", {peer['peer']} {peer['samples_per_second']:.0f}/s" for peer in theirs))
        for peer in peers:
            peer.close()
        results.append(result)
    return results


def kernels(options):
    """The peaks, the products of every configuration and the other kernels, in rounds."""
    rounds = []
    for number in range(options.rounds):
        say(f"kernels, round {number + 1} of {options.rounds}")
        lines = programs.program("vector_bench", "--threads", options.threads, "--seconds", 0.05)
        for config in options.configs:
            lines += programs.program("product_bench", "--config", config, "--seconds", 0.05)
        rounds.append(lines)
    return rounds


def latency(options):
    """Single rows of 784-400-20 on one thread, interleaved with the peers, which have float32 alone."""
    seconds = options.seconds / 4
    peers = [] if options.no_peers else programs.open_peers("mlp400", 1, ["float32"])
    rounds = []
    for number in range(options.rounds):
        say(f"latency, round {number + 1} of {options.rounds}")
        samples = []
        for precision in WEIGHTS:
            samples += programs.program("inference_bench", "--precision", precision, "--batch", 1, "--threads", 1,
                                        "--seconds", seconds)
        for peer in peers:
            samples += [{"operation": operation, **peer.ask("latency", operation, seconds)} for operation in OPERATIONS]
        rounds.append(samples)
    for peer in peers:
        peer.close()
    return rounds


def inference(options):
    """60,000 rows in one call."""
    rounds = []
    for number in range(options.rounds):
        say(f"inference, round {number + 1} of {options.rounds}")
        lines = []
        for config in options.configs:
            for precision in WEIGHTS if config != "iwae50" else []:  # iwae50's model is iwae1's
                lines += programs.program("inference_bench", "--precision", precision, "--config", config, "--batch", 256,
                                          "--threads", options.threads, "--seconds", options.seconds / 4)
        rounds.append(lines)
    return rounds


# --- start-up and memory -------------------------------------------------------------------------------------------------

def resident(command):
    """Seconds and the largest resident memory in bytes of a command that must succeed."""
    began = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"bench: {' '.join(map(str, command))} failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return time.perf_counter() - began, usage.ru_maxrss * unit


def synthetic_idx(path, rows=DIGITS):
    """An IDX file of rows x 28 x 28 bytes, a fifth of them grey."""
    generator = random.Random(1)
    block = bytes(value if value % 5 == 0 else 0 for value in generator.randbytes(1000 * 784))
    with (gzip.open(path, "wb", compresslevel=1) if path.suffix == ".gz" else path.open("wb")) as file:
        file.write(bytes([0, 0, 8, 3]) + b"".join(size.to_bytes(4, "big") for size in (rows, 28, 28)))
        for _ in range(rows // 1000):
            file.write(block)


def footprint(options):
    """The start of the program, and the memory of ten epochs of 784-400-20 on 60,000 rows of bytes (47 MB)."""
    if not options.cli:
        say("footprint: without vae-cli (--cli) only the C ABI is measured")
    library = programs.program("training_bench", "--config", "mlp400", "--epochs", 10, "--threads", options.threads)[0]
    result = {"c_abi": {"most_resident_bytes": library["most_resident_bytes"], "trainer_bytes": library["trainer_bytes"]}}
    if not options.cli:
        return result
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model = folder / "model.safetensors"
        result["vae_cli"] = []
        for file, extra in (("plain", ["--validation", "0"]), ("gzip", ["--validation", "0"]), ("gzip", [])):
            path = folder / ("digits.idx.gz" if file == "gzip" else "digits.idx")
            if not path.exists():
                synthetic_idx(path)
            seconds, most = resident([options.cli, "train", path, "--hidden", "400", "--latent", "20", "--epochs", "10",
                                      "--threads", options.threads, "--out", model, "--quiet", *extra])
            result["vae_cli"].append({"file": file, "options": extra, "seconds": seconds, "most_resident_bytes": most})
        result["model_bytes"] = model.stat().st_size
        result["info_milliseconds"] = startup([options.cli, "info", model])
        result["version_milliseconds"] = startup([options.cli, "--version"])
    return result


def startup(command):
    """The times of 40 runs, warm, in milliseconds."""
    times = []
    for _ in range(43):
        began = time.perf_counter()
        subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, check=True)
        times.append(1e3 * (time.perf_counter() - began))
    return times[3:]


def mnist(options):
    """The MNIST result: bench/mnist_elbo.py, which needs NumPy."""
    if not (options.mnist and options.cli):
        say("mnist: skipped; it needs MNIST=DIR (the four IDX files) and vae-cli")
        return None
    python = programs.peers_python()
    if not programs.can_import("numpy"):
        folder = programs.ROOT / "build" / "venv"
        python = str(folder / "bin" / "python")
        if not (folder / "bin" / "python").exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        if subprocess.run([python, "-c", "import numpy"], capture_output=True).returncode:
            subprocess.run([folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "numpy"],
                           check=True)
    script = programs.HERE / "mnist_elbo.py"
    if subprocess.run([python, script, options.cli, options.mnist, options.out]).returncode:
        sys.exit("bench: the MNIST result is not what it must be")
    return str(pathlib.Path(options.out) / "mnist.json")


def growing(options):
    return growth.measure(options, say)


PARTS = {"mnist": mnist, "training": training, "latency": latency, "inference": inference, "kernels": kernels,
         "footprint": footprint, "growth": growing}
USUAL = [name for name in PARTS if name != "growth"]
