"""The tables of docs/BENCHMARKS.md, made from results.json: medians over the rounds, and medians of ratios within a round."""
import re
import statistics

import machine

median = statistics.median
WHAT = {
    "mlp400": "784-400-20, ReLU, batch 128",
    "tutorial": "784-100-100-8-100, ReLU, Gaussian, batch 32",
    "iwae1": "784-200-200-50-200-200, tanh, batch 20",
    "iwae50": "the same, 50 latent samples",
    "wide": "784-1024-1024-64-1024-1024, ReLU, batch 512",
}


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join(lines + [f"| {' | '.join(map(str, row))} |" for row in rows]) + "\n"


def spread(values):
    """How far apart the rounds were: (largest - smallest) / median."""
    return (max(values) - min(values)) / median(values) if values else 0.0


def training(part):
    """One table for each precision that was measured."""
    text = ""
    for precision in ("float32", "bf16"):
        rows, peers = [], []
        for result in part["data"]:
            rounds = result["rounds"]
            for peer in rounds[0]["peers"]:
                if peer["precision"] == precision and peer["peer"] not in peers:
                    peers.append(peer["peer"])
        for result in part["data"]:
            row = training_row(result, precision, peers)
            if row:
                rows.append(row)
        if rows:
            head = ["configuration", "samples/s", "spread", "GFLOP/s", "of the peak", "gradients kept",
                    *[f"{p}, /s" for p in peers],
                    "best peer", "ratio"]
            text += f"{precision}, {part['options']['threads']} threads:\n\n" + table(head, rows) + "\n"
    return text


def training_row(result, precision, peers):
    ours, theirs, ratios, kept = [], {name: [] for name in peers}, {name: [] for name in peers}, []
    for one in result["rounds"]:
        mine = [sample for sample in one["ours"] if sample["precision"] == precision]
        own = next((sample for sample in mine if sample["gradients"] == "fused"), None)
        if own:
            ours.append(own)
            kept += [sample["samples_per_second"] / own["samples_per_second"] for sample in mine
                     if sample["gradients"] == "kept"]
        for sample in one["peers"]:
            if sample["peer"] in theirs:
                theirs[sample["peer"]].append(sample["samples_per_second"])
                if own:
                    ratios[sample["peer"]].append(own["samples_per_second"] / sample["samples_per_second"])
    measured = {name: median(values) for name, values in theirs.items() if values}
    if not (ours or measured):
        return None
    best = max(measured, key=measured.get) if measured else ""
    rates = [sample["samples_per_second"] for sample in ours]
    own = ["-"] * 5 if not ours else [
        f"{median(rates):,.0f}", f"{spread(rates):.0%}", f"{median(s['gflops'] for s in ours):.0f}",
        f"{median(s['fraction_of_peak'] for s in ours):.0%}", f"{median(kept):.2f}" if kept else "-"]
    return [f"{result['config']}: {WHAT[result['config']]}", *own,
            *[f"{measured[name]:,.0f}" if name in measured else "-" for name in peers], best or "-",
            f"{median(ratios[best]):.2f}" if best and ratios[best] else "-"]


def by_round(part, keys, wanted):
    """{key values: [value of `wanted` in each round]}, in the order of the first round; lines without it are left out."""
    found = {}
    for lines in part["data"]:
        for line in lines:
            if wanted in line:
                found.setdefault(tuple(line.get(key) for key in keys), []).append(line[wanted])
    return found


def latency(part):
    rows = []
    columns = {key: by_round(part, ("operation", "peer", "precision"), f"{key}_microseconds")
               for key in ("p50", "p90", "p99")}
    for (operation, peer, precision), values in columns["p50"].items():
        name = peer or "libvae"
        if precision != "float32":
            name += f" {precision}"
        times = [f"{median(columns[key][operation, peer, precision]):.1f}" for key in ("p50", "p90", "p99")]
        rows.append([operation, name, *times, f"{spread(values):.0%}"])
    order = {name: index for index, name in enumerate(dict.fromkeys(row[0] for row in rows))}
    rows.sort(key=lambda row: order[row[0]])
    return ("One row of floats, 784-400-20, one thread, microseconds; libvae bf16 and int8 are copies with such weights; the "
            "peers from Python, as they are called:\n\n"
            + table(["call", "library", "p50", "p90", "p99", "spread of p50"], rows) + "\n")


def inference(part):
    """A row for each call of each model, a column for each precision of the weights."""
    keys = ("config", "operation", "precision")
    rates, fractions = by_round(part, keys, "samples_per_second"), by_round(part, keys, "fraction_of_peak")
    precisions = list(dict.fromkeys(precision for _, _, precision in rates))
    rows = []
    for config, operation in dict.fromkeys((config, operation) for config, operation, _ in rates):
        cells = [f"{median(rates[key]):,.0f} ({median(fractions[key]):.0%})" if key in rates else "-"
                 for key in ((config, operation, precision) for precision in precisions)]
        rows.append([config, operation, *cells])
    return (f"60,000 rows of bytes in one call, {part['options']['threads']} threads, by the weights' precision: samples/s "
            "(of the float32 FMA peak):\n\n" + table(["model", "call", *precisions], rows) + "\n")


def kernels(part):
    text = peaks(part)
    sums = {}
    for lines in part["data"]:
        once = {}
        for line in lines:
            if line.get("kernel") == "product":
                key = (line["config"], line["pass"])
                at = once.setdefault(key, [0, 0, 0])
                at[0] += line["operations"]
                at[1] += line["microseconds"]
                at[2] += line["operations"] / line["fma_peak_gflops"]  # in the time that the peak would need
        for key, (operations, microseconds, ideal) in once.items():
            sums.setdefault(key, []).append((operations / microseconds / 1e3, ideal / 1e3 / microseconds))
    rows = []
    for config in dict.fromkeys(key[0] for key in sums):
        row = [config]
        for name in ("forward", "dX", "dW"):
            samples = sums[config, name]
            row.append(f"{median(s[0] for s in samples):.0f} ({median(s[1] for s in samples):.0%})")
        rows.append(row)
    text += "The product on one thread, all layers of a step together: GFLOP/s (of the FMA peak):\n\n"
    text += table(["configuration", "forward", "dX", "dW"], rows) + "\n"
    keys = ("kernel", "where")
    rates, bytes_ = by_round(part, keys, "elements_per_nanosecond"), by_round(part, keys, "gigabytes_per_second")
    bound = {(line["peak"]): line for line in part["data"][0] if "peak" in line and line["threads"] == 1}
    moved = by_round(part, ("peak", "threads"), "update_gigabytes_per_second")
    rows = []
    for kernel, where in rates:
        peak = median(moved[where, 1]) if where in bound else None
        share = f"{median(bytes_[kernel, where]) / peak:.0%}" if peak else "-"
        rows.append([kernel, where, f"{median(rates[kernel, where]):.1f}", f"{median(bytes_[kernel, where]):.0f}", share])
    text += "The other kernels on one thread (data in L2, or in memory):\n\n"
    return text + table(["kernel", "data in", "elements/ns", "GB/s", "of that level's update rate"], rows) + "\n"


def peaks(part):
    keys = ("peak", "threads")
    found = {name: by_round(part, keys, f"{name}_gigabytes_per_second") for name in ("read", "copy", "update")}
    flops = {key: values for key, values in by_round(part, keys, "gflops").items() if key[0] == "fma"}
    rows = []
    for key in found["read"]:
        rows.append([f"{key[0]}, {key[1]} thread{'s' if key[1] > 1 else ''}",
                     *[f"{median(found[name][key]):.0f} GB/s" for name in ("read", "copy", "update")]])
    fma = "; ".join(f"{threads} thread{'s' if threads > 1 else ''} {median(values):.0f} GFLOP/s"
                    for (_, threads), values in flops.items())
    return (f"Peak of fused multiply-adds: {fma}. Memory (copy and update count what is read and what is written):\n\n"
            + table(["level", "read", "copy", "update in place"], rows) + "\n")


def footprint(part):
    data = part["data"]
    megabytes = lambda count: f"{count / 1e6:.1f} MB"
    rows = [["C ABI: ten epochs of 784-400-20, 60,000 x 784 bytes (47.0 MB) in memory",
             megabytes(data["c_abi"]["most_resident_bytes"])],
            ["of it the trainer", megabytes(data["c_abi"]["trainer_bytes"])]]
    for run in data.get("vae_cli", []):
        options = " ".join(run["options"]) or "a tenth held out"
        rows.append([f"vae-cli train, the same from an IDX file ({run['file']}), {options}",
                     megabytes(run["most_resident_bytes"])])
    text = "The most resident memory:\n\n" + table(["what", "VmHWM"], rows) + "\n"
    if "info_milliseconds" in data:
        times = {"vae-cli info MODEL (2.6 MB)": data["info_milliseconds"], "vae-cli --version": data["version_milliseconds"]}
        rows = [[name, f"{median(values):.1f}", f"{sorted(values)[int(0.9 * len(values))]:.1f}", f"{max(values):.1f}"]
                for name, values in times.items()]
        text += "Start to exit, milliseconds:\n\n" + table(["command", "median", "p90", "largest of 40"], rows) + "\n"
    return text


def mnist(part):
    rows = [[run["seed"], f"{run['negative_elbo']:.3f}", f"{run['negative_elbo_numpy']:.3f}", f"{run['seconds']:.1f}"]
            for run in part["data"]["runs"]]
    return table(["seed", "vae-cli", "NumPy", "seconds, start to saved file"], rows) + "\n"


def growth(part):
    text = ""
    for sweep in part["data"].values():
        rates = {}
        for point in sweep["points"]:
            rates.setdefault(point["series"], []).append((point["x"], point["samples"]))
        rows = []
        for series, points in rates.items():
            for x, samples in points:
                of = lambda key: median(sample[key] for sample in samples)
                rows.append([series, f"{x:,}", f"{of('samples_per_second'):,.0f}", f"{of('step_microseconds') / 1e3:.3f}",
                             f"{of('fraction_of_peak'):.0%}"])
        text += f"{sweep['title']}:\n\n"
        text += table(["series", sweep["unit"], "samples/s", "ms a step", "of the peak"], rows) + "\n"
    return text


MAKERS = {"mnist": mnist, "training": training, "latency": latency, "inference": inference, "kernels": kernels,
          "footprint": footprint, "growth": growth}


def all_tables(results):
    """{part: text}; each begins with where and when it was measured."""
    texts = {}
    for name, maker in MAKERS.items():
        if name in results:
            part = results[name]
            rounds = part["options"]["rounds"]
            versions = {key: value for one in part["data"] for key, value in one["versions"].items()} \
                if name == "training" else {}
            peers = "".join(f" {key} {value}." for key, value in sorted(versions.items()))
            count = f" Medians of {rounds} round{'s' if rounds > 1 else ''}." if name not in ("mnist", "footprint") else ""
            texts[name] = f"{machine.sentence(part['machine'])}{count}{peers}\n`{part['machine']['command']}`\n\n{maker(part)}"
    return texts


def into_page(path, texts):
    """Replaces what stands between <!-- bench: NAME --> and <!-- end --> in a page."""
    page = path.read_text(encoding="utf-8")
    for name, text in texts.items():
        page = re.sub(rf"(<!-- bench: {name} -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{text}{m[2]}", page, flags=re.S)
    path.write_text(page, encoding="utf-8")
