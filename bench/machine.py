"""What a measurement must be read with: the machine, the day, the versions, the command."""
import datetime
import os
import pathlib
import platform
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def output(*command):
    """A command's output, or "" where it cannot be had."""
    try:
        return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True,
                              cwd=ROOT).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def processors():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def field(text, name, separator=":"):
    found = re.search(rf"^{name}\s*{separator}\s*(.+)$", text, re.M)
    return found[1].strip().strip('"') if found else ""


def command():
    """This command, without the options that only name places of this machine."""
    text = " ".join(["python3 bench/run.py", *sys.argv[1:]])
    return re.sub(r" --(?:cli|out|into|plots) \S+", "", re.sub(r"--mnist \S+", "--mnist DIR", text))


def describe():
    processor = output("lscpu")
    release = pathlib.Path("/etc/os-release")
    memory = pathlib.Path("/proc/meminfo")
    kilobytes = re.findall(r"^MemTotal:\s+(\d+)", memory.read_text(), re.M) if memory.exists() else []
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "command": command(),
        "commit": output("git", "describe", "--always", "--dirty", "--tags"),
        "processor": field(processor, "Model name") or platform.processor(),
        "family": field(processor, "CPU family"),
        "processors": processors(),
        "caches": {name: field(processor, f"{name} cache").replace(" instances", "x") for name in ("L1d", "L2", "L3")},
        "hypervisor": field(processor, "Hypervisor vendor"),
        "memory_gib": round(int(kilobytes[0]) / 2**20) if kilobytes else None,
        "system": field(release.read_text(), "PRETTY_NAME", "=") if release.exists() else platform.platform(),
        "compiler": output("cc", "--version").split("\n")[0],
        "swift": field(output("swift", "--version"), r".*Swift version", "") or "none",
        "python": platform.python_version(),
    }


def sentence(machine):
    """The same as a line of text."""
    caches = ", ".join(f"{name} {size}" for name, size in machine["caches"].items() if size)
    parts = [f"{machine['processors']} cores of an {machine['processor']} (family {machine['family']}; {caches})",
             f"{machine['memory_gib']} GiB", machine["system"], machine["compiler"], f"Python {machine['python']}"]
    if machine["hypervisor"]:
        parts.insert(1, f"a virtual machine ({machine['hypervisor']})")
    return f"{machine['date']}, commit {machine['commit']}: " + ", ".join(parts) + "."
