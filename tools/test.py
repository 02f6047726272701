#!/usr/bin/env python3
"""Builds libvae, runs its tests and counts them; `make test` and `make check-long` call it.

usage: test.py [--fast | --long] [SUITE...]

Each suite builds something and runs a test runner; the counts are those that the runner reports. A build that fails, a
runner that crashes and a suite without tests each count as one failure. The last line is `N passed, N failed`.
Logs: build/logs/SUITE.log. Environment: VAE_BUILD (build), VAE_SWIFT_BUILD (.build),
WERROR (ON), FUZZ_SECONDS (60), MNIST (a folder).
"""
import argparse
import os
import pathlib
import re
import shutil
import sys
import time

from suite import BUILD, JOBS, ROOT, SWIFT_BUILD, Suite, check_lines, count_ctest, count_pytest, count_swift, say


def clang():
    """The clang on the PATH, else the one of the Swift toolchain."""
    found = shutil.which("clang")
    if not found and shutil.which("swift"):
        found = str(pathlib.Path(shutil.which("swift")).resolve().parent / "clang")
    return found or "clang"


# --- C ---------------------------------------------------------------------------------------------------------------

def c_configure(suite, folder, options=()):
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    werror = "-DVAE_WERROR=" + os.environ.get("WERROR", "ON")
    return suite.build("configure", ["cmake", "-S", ROOT, "-B", folder, *generator, werror, *options])


def c_suite(suite, options=(), environment=None, folder=None, ctest=()):
    """CMake in a folder of its own, then ctest."""
    folder = BUILD / (folder or suite.name)
    if not c_configure(suite, folder, options):
        return
    # One program that does not compile must not hide what the others find.
    keep_going = ["-k", "0"] if shutil.which("ninja") else ["-k"]
    code, output = suite.run("compile", ["cmake", "--build", folder, "--parallel", JOBS, "--", *keep_going])
    if code != 0:
        suite.fail("compile", re.sub(r"^\[\d+/\d+\] .*\n", "", output, flags=re.M))
    report = folder / "ctest.xml"
    report.unlink(missing_ok=True)
    code, output = suite.run("ctest", ["ctest", "--test-dir", folder, "--parallel", JOBS, "--output-on-failure",
                                       "--no-tests=error", "--output-junit", report, *ctest], environment)
    count_ctest(suite, report, code, output)


def sanitize_options(compiler=None):
    options = ["-DVAE_SANITIZE=address,undefined", "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DVAE_TEST_ISAS="]
    return options + (clang_options() if compiler == "clang" else [])


def clang_options():
    return [f"-DCMAKE_C_COMPILER={clang()}", f"-DCMAKE_CXX_COMPILER={clang()}++"]


def neon_suite(suite):
    """AArch64 by Debian's cross compiler under qemu-user: with its libgomp, since there is no libomp, and serial.

    Not gradient_oracle_test: its float64 oracle takes over seven minutes there."""
    if not suite.build("install.sh cross", ["bash", ROOT / "tools" / "install.sh", "cross"]):
        return
    code, library = suite.run("where libgomp lies", ["aarch64-linux-gnu-gcc", "-print-file-name=libgomp.a"])
    for name, openmp in ("threads", f"-DVAE_LIBOMP={library.strip()}"), ("serial", "-DVAE_OPENMP=OFF"):
        c_suite(suite, [f"-DCMAKE_TOOLCHAIN_FILE={ROOT / 'cmake' / 'aarch64-linux.cmake'}", "-DVAE_TEST_ISAS=neon", openmp],
                folder=f"{suite.name}-{name}", ctest=("--tests-regex", "^c[.]|object-code", "--exclude-regex", "gradient_oracle"))


def fuzz_suite(suite):
    seconds = os.environ.get("FUZZ_SECONDS", "60")
    folder = BUILD / "fuzz"
    options = ["-DVAE_FUZZ=ON", *sanitize_options("clang")]
    if not (suite.build("configure", ["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", *options])
            and suite.build("compile", ["cmake", "--build", folder, "--parallel", JOBS])):
        return
    for program in sorted((folder / "fuzz").glob("fuzz_*")):
        corpus = folder / "corpus" / program.name
        corpus.mkdir(parents=True, exist_ok=True)
        seeds = ROOT / "Tests" / "Fixtures" / "fuzz" / program.name.removeprefix("fuzz_")
        suite.test(f"{program.name}, {seconds} s", [program, f"-max_total_time={seconds}", "-rss_limit_mb=4096",
                   f"-artifact_prefix={folder}/", corpus, *([seeds] if seeds.is_dir() else [])])


# --- Swift -----------------------------------------------------------------------------------------------------------

# Plain text is what is counted here, and of a crash the thread that crashed is enough.
ENVIRONMENT = {"NO_COLOR": "1", "TERM": "dumb",
               "SWIFT_BACKTRACE": "color=no,images=none,registers=none,threads=crashed"}

def swift_suite(suite, configuration="release"):
    """The Swift tests; compiled as what ships is, since the optimiser finds faults that a debug build hides."""
    common = ["-c", configuration, "--scratch-path", SWIFT_BUILD / "tests"]
    if configuration == "release":
        common += ["-Xswiftc", "-enable-testing"]
    if not suite.build("swift build --build-tests", ["swift", "build", "--build-tests", *common]):
        return
    code, output = suite.run("swift test", ["swift", "test", "--skip-build", *common], ENVIRONMENT)
    count_swift(suite, code, output)


def release_folder(suite):
    code, output = suite.run("where the program lies", ["swift", "build", "-c", "release", "--scratch-path",
                                                        SWIFT_BUILD, "--show-bin-path"])
    return pathlib.Path(output.strip().splitlines()[-1]) if code == 0 and output.strip() else None


# --- other languages, on the installed library -----------------------------------------------------------------------

def installed_library(suite):
    """A prefix with the library as the suite "c" builds it; None where it cannot be had."""
    folder, prefix = BUILD / "c", BUILD / "c" / "prefix"
    if (c_configure(suite, folder)
            and suite.build("compile libvae", ["cmake", "--build", folder, "--parallel", JOBS,
                                               "--target", "vae", "vae_static"])
            and suite.build("install libvae", ["cmake", "-D", f"BUILD={folder}", "-D", f"PREFIX={prefix}",
                                               "-P", ROOT / "cmake" / "install-fresh.cmake"])):
        return prefix
    return None


def built_program(suite):
    """The folder with vae-cli; None where it does not build."""
    if not suite.build("swift build", ["swift", "build", "-c", "release", "--scratch-path", SWIFT_BUILD,
                                       "--product", "vae-cli"]):
        return None
    folder = release_folder(suite)
    if not folder:
        suite.fail("swift build --show-bin-path")
    return folder


def check_pages(suite, *pages):
    """What documentation pages show, with the program, the library as the suite "c" has installed it, and the Python package as
    "python-binding" has."""
    programs = built_program(suite)
    if programs:
        check_lines(suite, "check-readme.py", [sys.executable, ROOT / "tools" / "check-readme.py", programs,
                                               BUILD / "c" / "prefix", *pages],
                    {"PATH": f"{BUILD / 'python-binding' / 'venv' / 'bin'}:{os.environ['PATH']}"})


def cpp_suite(suite):
    """bindings/cpp: its test under every compiler there is, then what its README shows."""
    prefix = installed_library(suite)
    if not prefix:
        return
    folder = BUILD / suite.name
    folder.mkdir(parents=True, exist_ok=True)
    compilers = [name for name in ("g++", f"{clang()}++") if shutil.which(name)]
    for compiler in compilers:
        suite.test(f"vae_test by {pathlib.Path(compiler).name}",
                   ["bash", ROOT / "tools" / "check-cpp.sh", compiler, prefix, folder])
    check_pages(suite, ROOT / "bindings" / "cpp" / "README.md")


def rust_suite(suite):
    """bindings/rust: cargo test, then what its README shows."""
    prefix = installed_library(suite)
    if not prefix:
        return
    code, output = suite.run("cargo test", ["cargo", "test", "--offline", "--target-dir", BUILD / suite.name],
                             {"LIBVAE_DIR": str(prefix)}, ROOT / "bindings" / "rust")
    results = re.findall(r"^test (.+) \.\.\. (ok|FAILED)$", output, re.M)
    suite.passed += sum(word == "ok" for _, word in results)
    for name in (name for name, word in results if word == "FAILED"):
        suite.fail(name, output)
    if not results or (code != 0 and all(word == "ok" for _, word in results)):
        suite.fail(f"cargo test ended with {code}", output)
    check_pages(suite, ROOT / "bindings" / "rust" / "README.md")


def swift_package_suite(suite):
    """The documentation of CVAE, and the programs of examples/swift on the package by version."""
    folder = built_program(suite)
    if folder:
        check_lines(suite, "check-swift-package.py", [sys.executable, ROOT / "tools" / "check-swift-package.py",
                                                      BUILD / suite.name, folder / "Modules"])


# --- the program, the model file, and the text of the repository -----------------------------------------------------

def python_environment(suite):
    """build/venv with what tools/requirements.txt names; None where it cannot be had."""
    folder, wanted = BUILD / "venv", (ROOT / "tools" / "requirements.txt").read_text(encoding="utf-8")
    stamp = folder / "requirements.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        if not (suite.build("python3 -m venv", [sys.executable, "-m", "venv", folder])
                and suite.build("pip install", [folder / "bin" / "pip", "install", "--quiet",
                                                "--disable-pip-version-check", "-r",
                                                ROOT / "tools" / "requirements.txt"])):
            return None
        stamp.write_text(wanted, encoding="utf-8")
    return folder / "bin"


def program_suite(suite):
    """The program as it ships: a short training, and its model file read by other people's code."""
    programs = python_environment(suite)
    folder = built_program(suite) if programs else None
    if not folder or not installed_library(suite):
        return
    check_lines(suite, "model_file_check.py", [programs / "python", ROOT / "Tests" / "python" / "model_file_check.py",
                                               folder / "vae-cli", BUILD / "model_file_check"])
    if sys.platform == "linux":
        check_lines(suite, "footprint_check.py", [sys.executable, ROOT / "bench" / "footprint_check.py", folder / "vae-cli"])
    check_pages(suite, *sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "bindings" / "README.md",
                                ROOT / "bindings" / "python" / "README.md"]))


PYTHON_BINDING = ROOT / "bindings" / "python"
TORCH_TESTS = PYTHON_BINDING / "tests" / "test_torch.py"


def binding_suite(suite, extra="test", tests=(PYTHON_BINDING / "tests", f"--ignore={TORCH_TESTS}")):
    """bindings/python as pip installs it, from a wheel into a virtual environment, and its tests there."""
    folder = BUILD / suite.name
    wheel = binding_environment(suite, folder, extra)
    if not wheel:
        return
    report = folder / "pytest.xml"
    report.unlink(missing_ok=True)
    # Run elsewhere, so that `import libvae` finds what was installed and not the sources.
    code, output = suite.run("pytest", [folder / "venv" / "bin" / "pytest", "-p", "no:cacheprovider", "--quiet",
                                        "-c", PYTHON_BINDING / "pyproject.toml", "--junit-xml", report, *tests],
                             {"LIBVAE_WHEEL": str(wheel)}, folder)
    count_pytest(suite, report, code, output)


def binding_environment(suite, folder, extra):
    """folder/venv with the binding and what its extra names; the wheel that was installed, None where that failed."""
    python, stamp = folder / "venv" / "bin" / "python", folder / "venv" / "pyproject.toml"
    wanted = (PYTHON_BINDING / "pyproject.toml").read_text(encoding="utf-8")
    fresh = not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted
    if fresh:
        shutil.rmtree(folder / "venv", ignore_errors=True)
        if not suite.build("python3 -m venv", [sys.executable, "-m", "venv", folder / "venv"]):
            return None
    shutil.rmtree(folder / "wheel", ignore_errors=True)
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    if not suite.build("pip wheel", [*pip, "wheel", "--no-deps", "--wheel-dir", folder / "wheel",
                                     "--config-settings", f"build-dir={folder / 'cmake'}", PYTHON_BINDING]):
        return None
    wheel = next((folder / "wheel").glob("*.whl"))
    what = [f"{wheel}[{extra}]"] if fresh else ["--force-reinstall", "--no-deps", wheel]
    if not suite.build("pip install", [*pip, "install", *what]):
        return None
    stamp.write_text(wanted, encoding="utf-8")
    return wheel


def style_suite(suite):
    suite.test("tools/check-repo.sh", ["bash", ROOT / "tools" / "check-repo.sh", ROOT])
    suite.test("bash -n", ["bash", "-c", 'find tools Tests bench .ci -name "*.sh" -o -name run | xargs -n 1 bash -n'])
    suite.test("swift format lint", ["swift", "format", "lint", "--strict", "--parallel", "--recursive",
                                     "Package.swift", "Sources", "Tests", "examples"])
    programs = python_environment(suite)
    if programs:
        suite.test("clang-format", [ROOT / "tools" / "format-c.sh", programs / "clang-format", "--dry-run", "-Werror"])


def mnist_suite(suite):
    suite.test("MNIST, seeds 0, 1, 2", ["make", "-C", ROOT, "bench", f"MNIST={os.environ['MNIST']}", "BENCH=--only mnist"])


def instructions_suite(suite):
    """Instructions of a training step, against the recorded ones."""
    check_lines(suite, "instructions.py", [sys.executable, ROOT / "bench" / "instructions.py"])


# --- which suites there are ------------------------------------------------------------------------------------------

def portable_only(suite):
    c_suite(suite, ["-DVAE_TEST_ISAS="], {"VAE_ISA": "portable"}, ctest=("--tests-regex", "^c[.]"))


SUITES = {
    "c": lambda s: c_suite(s, folder="c"),
    "c-sanitized": lambda s: c_suite(s, sanitize_options()),
    "swift": swift_suite,
    "python-binding": binding_suite,
    "program": program_suite,
    "cpp": cpp_suite,
    "rust": rust_suite,
    "swift-package": swift_package_suite,
    "style": style_suite,
}
LONG_SUITES = {
    "c-clang": lambda s: c_suite(s, clang_options()),
    "c-clang-sanitized": lambda s: c_suite(s, sanitize_options("clang")),
    "c-serial": lambda s: c_suite(s, ["-DVAE_OPENMP=OFF"]),
    "c-serial-clang": lambda s: c_suite(s, ["-DVAE_OPENMP=OFF", *clang_options()]),
    "c-portable": portable_only,
    "c-neon": neon_suite,
    # PyTorch is large: 5.4 GB on the disk where pip takes the build for graphics cards.
    "python-torch": lambda s: binding_suite(s, "torch", [TORCH_TESTS]),
    "swift-debug": lambda s: swift_suite(s, "debug"),
    "fuzz": fuzz_suite,
    "instructions": instructions_suite,
}
if os.environ.get("MNIST"):
    LONG_SUITES["mnist"] = mnist_suite


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", action="store_true", help="only the C tests and the checks of the text")
    parser.add_argument("--long", action="store_true", help="the suites that take long, instead of the usual ones")
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join([*SUITES, *LONG_SUITES]))
    options = parser.parse_args()
    known = {**SUITES, **LONG_SUITES}
    for name in options.suites:
        if name not in known:
            parser.error(f'no suite "{name}"; there are {", ".join(known)}')
    names = options.suites or (["c", "style"] if options.fast else [*LONG_SUITES] if options.long else [*SUITES])

    (BUILD / "logs").mkdir(parents=True, exist_ok=True)
    done = []
    for name in names:
        suite = Suite(name)
        suite.log_path.write_text("", encoding="utf-8")
        say(f"== {name}")
        start = time.monotonic()
        known[name](suite)
        if suite.passed + suite.failed == 0:
            suite.fail("no test was run")
        suite.seconds = time.monotonic() - start
        done.append(suite)
        say(f"  {suite.passed} passed, {suite.failed} failed" + (f", {suite.skipped} skipped" if suite.skipped else "")
            + f" in {suite.seconds:.0f} s")

    say("")
    say(f"{'suite':<20}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for suite in done:
        say(f"{suite.name:<20}{suite.passed:>8}{suite.failed:>8}{suite.skipped:>9}{suite.seconds:>9.0f}"
            + "".join(f"  {note}" for note in suite.notes))
    failed = sum(suite.failed for suite in done)
    say(f"{sum(suite.passed for suite in done)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
