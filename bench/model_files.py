"""What is read without libvae: MNIST's files, and a model's tensors from its safetensors file."""
import gzip
import json
import sys

import numpy as np


def find(folder, stem):
    """MNIST's file of that name in a folder, plain or .gz."""
    for name in (stem + ".gz", stem):
        if (folder / name).exists():
            return folder / name
    sys.exit(f"{folder} has neither {stem}.gz nor {stem}")


def read_images(path):
    """[rows, pixels] uint8 from an IDX file."""
    data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    count, height, width = (int.from_bytes(data[i : i + 4], "big") for i in (4, 8, 12))
    return np.frombuffer(data, np.uint8, offset=16).reshape(count, height * width)


def read_safetensors(path):
    """A model's tensors by their names, float32."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = np.frombuffer(data[8 + size + begin : 8 + size + end], "<f4").reshape(entry["shape"])
    return tensors
