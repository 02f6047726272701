#!/usr/bin/env python3
"""Checks the Swift package as its users meet it: the documentation converts without a warning, and a package of
their own that depends on it by version builds and runs.

usage: check-swift-package.py FOLDER MODULES
FOLDER is for what is built here; MODULES holds CVAE.swiftmodule. The version is a tag in a copy of the repository as it
stands on the disk. The consumer has the programs of examples/swift and one program for each article whose first Swift
block begins with `import CVAE`: all its Swift blocks, in their order, in one function.
Prints `ok - WHAT` or `not ok - WHAT`.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "Sources" / "CVAE" / "CVAE.docc"
EXAMPLES = ROOT / "examples" / "swift"
# A hook of git tells its children which repository they are in; the copy is another one.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
BY_PATH = '.package(name: "libvae", path: "../..")'
failures = 0


def run(command, folder=ROOT, **environment):
    """(succeeded, output) of a command."""
    done = subprocess.run([str(part) for part in command], cwd=folder, env={**ENVIRONMENT, **environment}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
    return done.returncode == 0, done.stdout


def report(what, passed, output=""):
    global failures
    failures += not passed
    print(f"ok - {what}" if passed else f"not ok - {what}\n{output[-4000:]}", flush=True)
    return passed


def check_documentation(folder, modules):
    """The symbol graph of the built module and the catalogue, converted with warnings as errors."""
    graphs, archive = folder / "symbols", folder / "CVAE.doccarchive"
    for stale in graphs, archive:
        shutil.rmtree(stale, ignore_errors=True)
    graphs.mkdir(parents=True)
    found, target = run(["swift", "-print-target-info"])
    triple = re.search(r'"unversionedTriple" *: *"([^"]+)"', target)[1] if found else ""
    if not report("symbol graph of CVAE", *run(["swift-symbolgraph-extract", "-module-name", "CVAE", "-target", triple,
                                                "-minimum-access-level", "public", "-output-dir", graphs,
                                                "-I", modules, "-I", ROOT / "include"])):
        return
    passed, output = run(["docc", "convert", CATALOGUE, "--additional-symbol-graph-dir", graphs,
                          "--output-path", archive, "--fallback-display-name", "CVAE", "--fallback-bundle-identifier", "libvae.CVAE",
                          "--warnings-as-errors"])
    report("docc convert without warnings", passed and "warning:" not in output, output)
    missing = [page.stem for page in CATALOGUE.glob("*.md")
               if not list((archive / "data").rglob(f"{page.stem.lower()}.json"))]
    report("every article is in the archive", not missing, f"not there: {', '.join(missing)}")


def source_files():
    """Tracked files and those that would be; without git (an unpacked archive) all but what builds make."""
    found, names = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
    if found:
        return [name for name in names.split("\0") if name and (ROOT / name).is_file()]
    made = {".git", ".build", "build", "out", "target"}
    return [str(path.relative_to(ROOT)) for path in ROOT.rglob("*")
            if path.is_file() and not made & set(path.relative_to(ROOT).parts)]


def tagged_copy(folder):
    """A repository with the files as they stand, and the version as its tag; gives version and commit."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in source_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    header = (ROOT / "include" / "vae" / "base.h").read_text(encoding="utf-8")
    version = ".".join(re.findall(r"^#define VAE_VERSION_\w+ (\d+)$", header, re.M))
    # Equal files give the same commit, so that what was built from them can be used again.
    date = "2000-01-01T00:00:00Z"
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main",
           "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"]
    for command in ["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", version], ["tag", version]:
        passed, output = run([*git, *command], folder, GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
        if not passed:
            sys.exit(output)
    return version, run([*git, "rev-parse", "HEAD"], folder)[1].strip()


def article_program(text):
    """The Swift blocks of an article as a program; None where they are none."""
    code = "\n".join(re.findall(r"^```swift\n(.*?)^```$", text, re.M | re.S))
    if not code.startswith("import CVAE\n"):
        return None
    body = code.removeprefix("import CVAE\n")
    return f"import CVAE\n\nfunc article() async throws {{\n{body}}}\ntry await article()\n"


def write_consumer(folder, repository, version):
    """The package; gives the names of its programs."""
    shutil.copytree(EXAMPLES / "Sources", folder / "Sources", dirs_exist_ok=True)
    manifest = (EXAMPLES / "Package.swift").read_text(encoding="utf-8")
    if manifest.count(BY_PATH) != 1:
        sys.exit(f"examples/swift/Package.swift has no {BY_PATH}")
    targets = ""
    for page in sorted(CATALOGUE.glob("*.md")):
        program = article_program(page.read_text(encoding="utf-8"))
        if program:
            name = f"Article{page.stem}"
            (folder / "Sources" / name).mkdir(parents=True, exist_ok=True)
            (folder / "Sources" / name / "main.swift").write_text(program, encoding="utf-8")
            product = '.product(name: "CVAE", package: "libvae")'
            targets += f'    .executableTarget(name: "{name}", dependencies: [{product}]),\n'
    manifest = manifest.replace(BY_PATH, f'.package(url: "{repository.as_uri()}", exact: "{version}")')
    manifest = manifest.replace("  targets: [\n", "  targets: [\n" + targets)
    (folder / "Package.swift").write_text(manifest, encoding="utf-8")
    return sorted(path.name for path in (folder / "Sources").iterdir())


def check_consumer(folder):
    repository, consumer, stamp = folder / "libvae", folder / "consumer", folder / "commit.txt"
    version, commit = tagged_copy(repository)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != commit:
        # SwiftPM refuses a version that has become another commit, as it should.
        for stale in consumer, folder / "swiftpm":
            shutil.rmtree(stale, ignore_errors=True)
        stamp.write_text(commit, encoding="utf-8")
    shutil.rmtree(consumer / "Sources", ignore_errors=True)
    programs = write_consumer(consumer, repository, version)
    # Folders of its own: SwiftPM remembers the commit of a version for the whole account.
    build = ["swift", "build", "-c", "release"]
    for name in "cache", "config", "security":
        build += [f"--{name}-path", folder / "swiftpm" / name]
    if not report(f"a package that depends on version {version} builds", *run(build, consumer)):
        return
    _, path = run([*build, "--show-bin-path"], consumer)
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    for program in programs:
        report(f"{program} runs", *run([pathlib.Path(path.strip().splitlines()[-1]) / program], work))


def main(folder, modules):
    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    check_documentation(folder, modules)
    report("examples/swift resolves by path, as it lies there", *run(
        ["swift", "package", "--package-path", EXAMPLES, "--scratch-path", folder / "by-path", "resolve"]))
    check_consumer(folder)
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
