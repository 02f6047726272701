"""How speed grows with batch, width, depth, rows of data, threads and latent samples: a part of bench/run.py."""
import pathlib
import subprocess

import machine
import programs

POWERS = lambda first, last: [2**i for i in range(first, last + 1)]


def units(width, depth):
    text = ",".join([str(width)] * depth)
    return ["--encoder", text, "--decoder", text]


def sweeps(threads):
    """name, title, unit of x, [(series, x, options of training_bench)]"""
    counts = sorted({*[n for n in POWERS(0, 8) if n < machine.processors()], machine.processors()})
    every = ["--threads", threads]
    return [
        ("batch", "Batch (784-400-20)", "rows of a mini-batch",
         [("mlp400", n, [*every, "--config", "mlp400", "--batch", n]) for n in POWERS(3, 12)]),
        ("width", "Width (784-N-20, batch 128)", "units of the hidden layers",
         [("mlp400", n, [*every, "--config", "mlp400", *units(n, 1)]) for n in POWERS(5, 12)]),
        ("depth", "Depth (784-400-…-20, batch 128)", "hidden layers on each side",
         [("mlp400", n, [*every, "--config", "mlp400", *units(400, n)]) for n in (1, 2, 3, 4, 6, 8)]),
        ("rows", "Data (784-400-20, batch 128)", "rows of data, 784 bytes each",
         [("mlp400", n, [*every, "--config", "mlp400", "--rows", n])
          for n in (1000, 4000, 15000, 60000, 240000, 480000)]),
        ("threads", "Threads", "threads",
         [(config, n, ["--threads", n, "--config", config])
          for config in ("mlp400", "tutorial", "iwae1", "wide") for n in counts]),
        ("samples", "Latent samples (784-200-200-50, batch 20, IWAE)", "latent samples an example",
         [("iwae", n, [*every, "--config", "iwae1", "--samples", n]) for n in POWERS(0, 6)]),
    ]


def measure(options, say):
    """{sweep: {title, unit, points: [{series, x, samples: [of each round]}]}}"""
    result = {}
    for name, title, unit, points in sweeps(options.threads):
        result[name] = {"title": title, "unit": unit,
                        "points": [{"series": series, "x": x, "samples": []} for series, x, _ in points]}
    for number in range(options.rounds):
        for name, _, _, points in sweeps(options.threads):
            say(f"growth by {name}, round {number + 1} of {options.rounds}")
            for point, (_, _, arguments) in zip(result[name]["points"], points):
                point["samples"] += programs.program("training_bench", *arguments, "--seconds", options.seconds / 2)
    return result


def draw(data, folder, say):
    """The plots, where matplotlib is there."""
    if not programs.can_import("matplotlib"):
        say("growth: no plots, matplotlib cannot be imported (make bench-peers installs it)")
        return
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    subprocess.run([programs.peers_python(), programs.HERE / "growth_plots.py", data, folder], check=True)
