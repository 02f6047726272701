"""The speed of training steps, in rounds: libvae, then PyTorch where it can be imported, one after the other.

usage: training.py TRAINING_BENCH OUT_DIR [ROUNDS [THREADS [CONFIG …]]]

Prints, for each configuration, the median over the rounds of samples/s, of the fraction of the FMA peak that was measured
in the same minute, and of the ratio to PyTorch in the same round; writes everything to OUT_DIR/training.json.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CONFIGS = ["mlp400", "tutorial", "iwae1", "iwae50", "wide"]
SECONDS = "2"


def run(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: training.py TRAINING_BENCH OUT_DIR [ROUNDS [THREADS [CONFIG …]]]")
    bench, out = sys.argv[1], pathlib.Path(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    threads = sys.argv[4] if len(sys.argv) > 4 else str(len(os.sched_getaffinity(0)))
    configs = sys.argv[5:] or CONFIGS
    torch = subprocess.run([sys.executable, "-c", "import torch"], capture_output=True).returncode == 0
    if not torch:
        print("PyTorch cannot be imported: no comparison (make bench-peers installs it)")
    results = []
    print(f"{'config':9} {'threads':>7} {'samples/s':>10} {'GFLOP/s':>8} {'of peak':>8} {'PyTorch/s':>10} {'ratio':>6}")
    for config in configs:
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(run([bench, threads, SECONDS, config]))
            if torch:
                theirs.append(run([sys.executable, str(HERE / "torch_training.py"), config, threads, SECONDS]))
        median = lambda key: statistics.median(result[key] for result in ours)
        line = (f"{config:9} {threads:>7} {median('samples_per_second'):10.0f} {median('gflops'):8.1f} "
                f"{median('fraction_of_peak'):8.1%}")
        if theirs:
            ratio = statistics.median(a["samples_per_second"] / b["samples_per_second"] for a, b in zip(ours, theirs))
            line += f" {statistics.median(b['samples_per_second'] for b in theirs):10.0f} {ratio:6.2f}"
        print(line, flush=True)
        results.append({"config": config, "libvae": ours, "torch": theirs})
    out.mkdir(parents=True, exist_ok=True)
    (out / "training.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
