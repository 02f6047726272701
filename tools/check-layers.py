#!/usr/bin/env python3
"""Checks what the layers of libvae may do (DESIGN: layers, downward only).

usage: check-layers.py [ROOT] [--objects FOLDER]

From the text: a file of csrc includes only from its own layer or below; `#pragma omp` only in parallel/; the program
never imports the C module; file names are unique; no source file is longer than 500 lines.
From the objects of a build (--objects): no mutable static storage, no call that prints, ends the process, or computes
in libm what must be the same bits on every processor.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys

# Lowest first. A trainer writes its checkpoints through io, which knows nothing of training.
LAYERS = [["core"], ["parallel"], ["kernels"], ["optim"], ["model"], ["io"], ["train"], ["api"]]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}

# Below the program and its modules only these may import the C module.
C_MODULE_USERS = {"CVAE"}

MAX_LINES = 500
SOURCE_SUFFIXES = {".c", ".h", ".cpp", ".swift", ".py", ".sh", ".cmake"}
SOURCE_FOLDERS = ["csrc", "include", "Sources", "Tests", "tools", "cmake", "bench", "examples", "bindings"]
# Names that a tool prescribes, so that every folder may have one.
NAMES_BY_CONVENTION = {"README.md", "CMakeLists.txt", "module.modulemap", "shim.h", "__init__.py", "main.swift"}

FORBIDDEN_CALLS = {
    "prints": "printf vprintf puts putchar perror putc fputc fputs __printf_chk __vprintf_chk stdout stderr",
    "ends the process": "exit _exit _Exit quick_exit abort raise kill __assert_fail",
    "changes the process": "setlocale setenv putenv unsetenv signal sigaction chdir umask srand srandom",
    "has hidden state": "rand random strtok strerror localtime gmtime asctime ctime",
}
# libm's results for these differ between processors and versions; what it rounds exactly (sqrt, fma, floor) does not.
LIBM = ("acos asin atan atan2 cos sin tan sincos acosh asinh atanh cosh sinh tanh exp exp2 exp10 expm1 log log2 log10 "
        "log1p pow cbrt hypot erf erfc lgamma tgamma j0 j1 y0 y1")
# Where a call of libm decides no bits of a result; each with its reason.
LIBM_ALLOWED: dict[str, str] = {}


def included_layers(path):
    """(line number, text, layer) of every include of a file of csrc."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if not match:
            continue
        target = match.group(1)
        folder = target.split("/")[0] if "/" in target else path.parent.name
        if folder == "..":
            yield number, target, None
        elif folder in RANK:
            yield number, target, folder
        elif folder != "vae":
            yield number, target, None


def check_includes(root):
    for folder in sorted((root / "csrc").iterdir()):
        if folder.is_dir() and folder.name not in RANK:
            yield f"csrc/{folder.name}: a layer that tools/check-layers.py does not know"
    for path in sorted((root / "csrc").rglob("*.[ch]")):
        own = path.relative_to(root / "csrc").parts[0]
        if own not in RANK:
            continue
        for number, target, layer in included_layers(path):
            where = f"{path.relative_to(root)}:{number}"
            if layer is None:
                yield f'{where}: "{target}": write it as "layer/file.h" from csrc, or as "vae/file.h"'
            elif layer != own and RANK[layer] >= RANK[own]:
                yield f'{where}: layer {own} includes "{target}" from {layer}, which is not below it'
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            where = f"{path.relative_to(root)}:{number}"
            if re.match(r"\s*#\s*pragma\s+omp\b", line) and own != "parallel":
                yield f"{where}: #pragma omp outside csrc/parallel"
            if re.match(r"\s*#\s*include\s*<omp\.h>", line) and own != "parallel":
                yield f"{where}: <omp.h> outside csrc/parallel"
            if re.match(r"\s*VAE_API\b", line):
                yield f"{where}: a public function is declared in include/vae only"
    for path in sorted((root / "include").rglob("*.h")):
        if re.search(r"#\s*include\s*<omp\.h>|vaei_", path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(root)}: a public header needs omp.h or an internal name"


def check_swift(root):
    for path in sorted((root / "Sources").rglob("*.swift")):
        module = path.relative_to(root / "Sources").parts[0]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = re.match(r"\s*(?:@\w+\s+)*(\w+\s+)?import\s+CLibVAE\b", line)
            if not match:
                continue
            if module not in C_MODULE_USERS:
                yield f"{path.relative_to(root)}:{number}: {module} imports CLibVAE; only the CVAE wrapper may"
            elif (match.group(1) or "").strip() == "public":
                yield f"{path.relative_to(root)}:{number}: CLibVAE must not show in the public interface"


def check_files(root):
    names = collections.defaultdict(list)
    for folder in SOURCE_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in SOURCE_SUFFIXES or not path.is_file() or "build" in path.relative_to(root).parts:
                continue
            if path.name not in NAMES_BY_CONVENTION:
                names[path.name].append(str(path.relative_to(root)))
            lines = len(path.read_bytes().splitlines())
            if lines > MAX_LINES:
                yield f"{path.relative_to(root)}: {lines} lines, allowed are {MAX_LINES}"
    for name, paths in sorted(names.items()):
        if len(paths) > 1:
            yield f"{name}: one name, several files: {', '.join(paths)}"


def check_objects(root, folder):
    # An object whose source is gone is left over from an earlier build.
    objects = [path for path in sorted(pathlib.Path(folder).rglob("*.o"))
               if (root / path.relative_to(folder).with_suffix("")).is_file()]
    if not objects:
        yield f"{folder}: no objects there"
    calls = {name: why for why, names in FORBIDDEN_CALLS.items() for name in names.split()}
    for name in LIBM.split():
        for suffix in ("", "f", "l"):
            calls[name + suffix] = "is libm's, whose bits differ between processors"
    for path in objects:
        where = "/".join(path.parts[-2:])
        table = subprocess.run(["objdump", "-t", str(path)], check=True, capture_output=True, text=True).stdout
        for line in table.splitlines():
            match = re.match(r"[0-9a-f]+ (.{7}) (\S+)\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)$", line)
            if not match:
                continue
            flags, section, size, name = match.groups()
            if section == "*UND*":
                plain = name.split("@")[0]
                if plain in calls and LIBM_ALLOWED.get(f"{path.stem}:{plain}") is None:
                    yield f"{where}: calls {plain}, which {calls[plain]}"
            # .data.rel.ro holds const tables of pointers, read-only once the library is loaded.
            elif re.match(r"\.(data|bss|tdata|tbss)(\.(?!rel\.ro)|$)", section) or section == "*COM*":
                if int(size, 16) > 0 and "d" not in flags:
                    yield f"{where}: {name} ({int(size, 16)} bytes in {section}) is mutable static storage"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", nargs="?", default=pathlib.Path(__file__).resolve().parent.parent, type=pathlib.Path)
    parser.add_argument("--objects", help="folder with the objects of a plain build of csrc")
    options = parser.parse_args()
    root = options.root.resolve()
    findings = [*check_includes(root), *check_swift(root), *check_files(root)]
    if options.objects:
        findings += check_objects(root, options.objects)
    for finding in findings:
        print(finding)
    print(f"check-layers: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
