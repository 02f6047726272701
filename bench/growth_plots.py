"""Draws the plots of docs/BENCHMARKS.md: samples/s and the time of a step over what grows, medians with the range of rounds.

usage: growth_plots.py RESULTS_JSON FOLDER     needs matplotlib
"""
import json
import pathlib
import statistics
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, NullLocator

plt.rcParams.update({"font.family": "sans-serif", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False,
                     "axes.grid": True, "grid.color": "#dddddd", "grid.linewidth": 0.6, "svg.fonttype": "none",
                     "svg.hashsalt": "libvae", "axes.titlesize": 11})
COLOURS = ["#1f5fa8", "#d1702a", "#3d8b4f", "#8a4fa3"]


def short(value, _=None):
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= 10 * limit or (value >= limit and value % limit == 0):
            return f"{value / limit:g}{unit}"
    return f"{value:g}"


def panel(axes, sweep, key, label, scale=1.0):
    series = dict.fromkeys(point["series"] for point in sweep["points"])
    for colour, name in zip(COLOURS, series):
        points = [point for point in sweep["points"] if point["series"] == name]
        values = [[sample[key] * scale for sample in point["samples"]] for point in points]
        x, middle = [point["x"] for point in points], [statistics.median(v) for v in values]
        axes.plot(x, middle, marker="o", markersize=4, color=colour, linewidth=1.6, label=name)
        axes.fill_between(x, [min(v) for v in values], [max(v) for v in values], color=colour, alpha=0.15, linewidth=0)
    ticks = sorted({point["x"] for point in sweep["points"]})
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks if len(ticks) <= 8 else ticks[::2])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(short))
    everything = [statistics.median([sample[key] * scale for sample in point["samples"]]) for point in sweep["points"]]
    if max(everything) < 5 * min(everything):
        axes.set_ylim(0, None)  # what hardly changes should look so
    else:
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        steps = [m * 10.0**e for e in range(-3, 9) for m in (1, 2, 5)]
        axes.set_yticks([step for step in steps if low <= step <= high])
        axes.set_ylim(low, high)
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(short))
    axes.set_xlabel(sweep["unit"])
    axes.set_title(label, loc="left")
    if len(series) > 1 and key == "samples_per_second":
        axes.legend(frameon=False, fontsize=9)


def main():
    results, folder = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")), pathlib.Path(sys.argv[2])
    for name, sweep in results["growth"]["data"].items():
        figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
        figure.suptitle(sweep["title"], fontsize=12, x=0.01, ha="left")
        panel(left, sweep, "samples_per_second", "samples/s")
        panel(right, sweep, "step_microseconds", "milliseconds a step", 1e-3)
        for suffix in [".svg", *[f".{extra}" for extra in sys.argv[3:]]]:
            figure.savefig(folder / f"growth-{name}{suffix}", metadata={"Date": None} if suffix == ".svg" else None, dpi=110)
        plt.close(figure)


if __name__ == "__main__":
    main()
