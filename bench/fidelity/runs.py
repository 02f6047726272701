"""What the experiments share: running the program, reading MNIST, printing ours beside the published number."""
import gzip
import json
import subprocess
import sys
import time

import numpy as np


def find(folder, stem):
    """MNIST's file of that name, plain or .gz."""
    for name in (stem + ".gz", stem):
        if (folder / name).exists():
            return folder / name
    sys.exit(f"{folder} has neither {stem}.gz nor {stem}")


def idx_images(path):
    """[rows, pixels] uint8 from an IDX file."""
    data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    count, height, width = (int.from_bytes(data[i : i + 4], "big") for i in (4, 8, 12))
    return np.frombuffer(data, np.uint8, offset=16).reshape(count, height * width)


def program(*command):
    """Runs vae-cli: the seconds that it took, and what it printed as JSON, if anything. Its messages pass through."""
    began = time.perf_counter()
    done = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE)
    return time.perf_counter() - began, json.loads(done.stdout) if done.stdout.strip() else None


def report(path, numbers):
    """Prints and keeps an experiment's numbers."""
    width = max(len(name) for name in numbers)
    for name, value in numbers.items():
        print(f"{name:<{width}}  {value:.3f}" if isinstance(value, float) else f"{name:<{width}}  {value}")
    path.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
