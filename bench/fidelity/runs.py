"""What the experiments share: bench's readers, running the program, printing ours beside the published number."""
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from model_files import find, read_images, read_safetensors  # noqa: E402, F401 (the experiments take them from here)


def program(*command):
    """Runs vae-cli: the seconds that it took, and what it printed as JSON, if anything. Its messages pass through."""
    began = time.perf_counter()
    done = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE)
    return time.perf_counter() - began, json.loads(done.stdout) if done.stdout.strip() else None


def report(path, numbers):
    """Prints and keeps an experiment's numbers."""
    width = max(len(name) for name in numbers)
    for name, value in numbers.items():
        print(f"{name:<{width}}  {value:.3f}" if isinstance(value, float) else f"{name:<{width}}  {value}", flush=True)
    path.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
