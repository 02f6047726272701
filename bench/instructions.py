#!/usr/bin/env python3
"""Counts the instructions of a training step with valgrind's callgrind and compares them with bench/instructions.json.

usage: instructions.py [--record] [--tolerance PERCENT] [--others PERCENT]

Two small jobs (build/bench-programs/instructions_bench: elbo, iwae) with a fixed seed on one thread, with the AVX2 kernels,
since valgrind does not run AVX-512. A step's cost is the difference between a run of few steps and one of more, so start
and end do not count. Instructions do not depend on what else the machine does: 2 % more of them is a change of the code
or of the compiler. With another compiler than the recorded one only the tolerance of --others holds. --record writes what
is measured now. Prints a table and `ok - …` or `not ok - …` for each job; exits with 1 where a count grew.
"""
import argparse
import collections
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

import machine
import programs

RECORD = pathlib.Path(__file__).resolve().parent / "instructions.json"
JOBS = {"elbo": (5, 15), "iwae": (5, 15)}
ISA = "avx2"
SHARE = 0.01  # functions below this share of a step are compared only within the total


def count(job, steps, folder):
    """{function: instructions in it alone} of a whole run."""
    out = pathlib.Path(folder) / f"{job}-{steps}.callgrind"
    command = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}",
               programs.BUILD / "instructions_bench", job, steps]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          env={**os.environ, "VAE_ISA": ISA})
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\ninstructions.py: valgrind failed")
    return parse(out.read_text(encoding="utf-8"))


def parse(text):
    """callgrind's file: `fn=(number) name` begins a function, the name only once; a cost line is `line instructions`; the line
    after `calls=` is what the callee took and not the function's own."""
    names, counts, function, callee = {}, collections.Counter(), None, False
    for line in text.splitlines():
        if found := re.match(r"fn=(\(\d+\))(?: (.*))?$", line):
            if found[2]:
                names[found[1]] = found[2]
            function = found[1]
        elif found := re.match(r"cfn=(\(\d+\)) (.*)$", line):
            names[found[1]] = found[2]
        elif line.startswith("calls="):
            callee = True
        elif found := re.match(r"[+*-]?\d*\*? (\d+)$", line):
            if not callee and function:
                counts[function] += int(found[1])
            callee = False
    total = collections.Counter()
    for number, instructions in counts.items():
        total[re.sub(r"'\d+$", "", names[number])] += instructions  # 'N: callgrind's mark of a recursion
    return total


def measure():
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        for job, (few, more) in JOBS.items():
            less, all_ = count(job, few, folder), count(job, more, folder)
            steps = {name: (all_[name] - less[name]) / (more - few) for name in all_}
            total = sum(steps.values())
            kept = {name: round(value) for name, value in sorted(steps.items(), key=lambda item: -item[1])
                    if value > SHARE * total}
            result[job] = {"total": round(total), "functions": kept}
    return result


def compare(job, now, before, tolerance):
    """Lines of a table, and what is wrong."""
    rows, wrong = [], []
    pairs = [("total", before["total"], now["total"])]
    pairs += [(name, value, now["functions"].get(name, 0)) for name, value in before["functions"].items()]
    pairs += [(name, 0, value) for name, value in now["functions"].items() if name not in before["functions"]]
    for name, old, new in pairs:
        change = (new - old) / old if old else None
        rows.append(f"  {job:5} {name:32} {old:>12,} {new:>12,} " + ("     new" if change is None else f"{change:+8.2%}"))
        if change is not None and change > tolerance:
            wrong.append(f"{name} grew by {change:.1%}, from {old:,} to {new:,} instructions a step")
    return rows, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--tolerance", type=float, default=2.0)
    parser.add_argument("--others", type=float, default=25.0)
    options = parser.parse_args()
    if platform.machine() not in ("x86_64", "AMD64"):
        print(f"ok - not compared on {platform.machine()}: the recorded counts are those of the AVX2 kernels")
        return 0
    if not shutil.which("valgrind"):
        sys.exit("instructions.py: valgrind is not installed (tools/install.sh valgrind)")
    programs.build()
    compiler = machine.output("cc", "--version").split("\n")[0]
    now = {"compiler": compiler, "valgrind": machine.output("valgrind", "--version"), "isa": ISA, "jobs": measure()}
    if options.record:
        RECORD.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        print(f"recorded in bench/{RECORD.name}")
        return 0
    before = json.loads(RECORD.read_text(encoding="utf-8"))
    tolerance = options.tolerance / 100
    if compiler != before["compiler"]:
        tolerance = options.others / 100
        print(f"compiled by {compiler}, recorded with {before['compiler']}: only {tolerance:.0%} is a failure")
    print(f"  {'job':5} {'function':32} {'recorded':>12} {'now':>12}   change")
    failed = False
    for job in JOBS:
        rows, wrong = compare(job, now["jobs"][job], before["jobs"][job], tolerance)
        print("\n".join(rows))
        failed |= bool(wrong)
        print(f"not ok - instructions of {job}: " + "; ".join(wrong) if wrong else f"ok - instructions of {job}")
    if not failed and any(now["jobs"][job]["total"] < (1 - tolerance) * before["jobs"][job]["total"] for job in JOBS):
        print("Fewer than recorded: make bench-instructions RECORD=--record keeps it so.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
