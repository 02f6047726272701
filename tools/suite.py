"""A suite of tests for test.py: its log, its counts, and how the reports of the test runners are read."""
import dataclasses
import os
import pathlib
import re
import subprocess
import time
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("VAE_BUILD", ROOT / "build")).resolve()
SWIFT_BUILD = pathlib.Path(os.environ.get("VAE_SWIFT_BUILD", ROOT / ".build")).resolve()
JOBS = str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
LINES_SHOWN = 60


@dataclasses.dataclass
class Suite:
    """What a suite has come to so far."""
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    notes: list = dataclasses.field(default_factory=list)

    @property
    def log_path(self):
        return BUILD / "logs" / f"{self.name}.log"

    def run(self, what, command, environment=None, folder=ROOT):
        """Runs a command with its output in the suite's log; gives its exit code and output."""
        say(f"  {what} …")
        start = time.monotonic()
        command = [str(part) for part in command]
        try:
            done = subprocess.run(command, cwd=folder, env={**os.environ, **(environment or {})}, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
            code, output = done.returncode, done.stdout
        except OSError as error:
            code, output = 127, f"{error}\n"
        with self.log_path.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{output}\n[exit code {code}, {time.monotonic() - start:.1f} s]\n\n")
        return code, output

    def build(self, what, command, environment=None):
        """A step that must succeed for the suite to go on; no test by itself."""
        code, output = self.run(what, command, environment)
        if code != 0:
            self.fail(what, output)
        return code == 0

    def fail(self, what, output=""):
        self.failed += 1
        say(f"  FAILED: {what}")
        lines = output.rstrip().splitlines()
        if len(lines) > LINES_SHOWN:
            say(f"    … (all of it in {self.log_path})")
        for line in lines[-LINES_SHOWN:]:
            say(f"    {line}")

    def test(self, what, command, environment=None):
        """A command that is one test."""
        code, output = self.run(what, command, environment)
        if code == 0:
            self.passed += 1
        else:
            self.fail(what, output)


def say(text):
    print(text, flush=True)


def check_lines(suite, what, command, environment=None):
    """A script that prints a line `ok - …` or `not ok - …` for each of its tests."""
    code, output = suite.run(what, command, environment)
    passed = re.findall(r"^ok - .*$", output, re.MULTILINE)
    bad = re.findall(r"^not ok - ((?:.*\n?(?!ok - |not ok - ))*)", output, re.MULTILINE)
    suite.passed += len(passed)
    for text in bad:
        suite.fail(text.splitlines()[0], "\n".join(text.splitlines()[1:]))
    if not (passed or bad) or (code != 0 and not bad):
        suite.fail(f"{what} ended with {code}", output)


# --- Python ----------------------------------------------------------------------------------------------------------


def count_ctest(suite, report, code, output):
    try:
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return suite.fail("ctest left no report", output)
    failed, checks = [], 0
    for case in cases:
        text = case.findtext("system-out") or ""
        checks += sum(map(int, re.findall(r": (\d+) checks passed", text)))
        failure = case.find("failure")
        if failure is not None or case.get("status") == "fail":
            why = failure.get("message", "") if failure is not None else ""
            failed.append((case.get("name"), f"{text}{why}"))
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            # ctest calls a program that it could not start "notrun" as well; only exit code 77 is a skip.
            if "SKIP" in (case.find("skipped").get("message", "") if case.find("skipped") is not None else ""):
                suite.skipped += 1
            else:
                failed.append((case.get("name"), "was not run\n" + text))
        else:
            suite.passed += 1
    for name, text in failed:
        # ctest alone knows how a program ended that said nothing, by a signal for example.
        suite.fail(name, text or "\n".join(line for line in output.splitlines() if f" {name} " in line))
    if not cases or (code != 0 and not failed):
        suite.fail(f"ctest ended with {code} after {len(cases)} tests", output)
    if checks:
        suite.notes.append(f"{checks} checks in them")


def count_swift(suite, code, output):
    """Counts what XCTest and Swift Testing say in their last lines, and which tests they name as failed.

    Swift Testing: "✘ Test name() with 3 test cases failed after 0.1 seconds with 1 issue."; XCTest: "Test Case 'a.b'
    failed (0.1 seconds)". The totals of both include the skipped tests.
    """
    ended = re.compile(r"^\W+Test (?!run |case )(.+?)(?: with \d+ test cases?)? (passed|failed) after [\d.]+ seconds",
                       re.M)
    failures = [name for name, word in ended.findall(output) if word == "failed"]
    failures += re.findall(r"^Test [Cc]ase '(.+?)' failed \(", output, re.M)
    skipped = len(re.findall(r"^\W+Test (?!run )(?:.+?) skipped", output, re.M))
    skipped += len(re.findall(r"^Test [Cc]ase '.+?' skipped \(", output, re.M))

    summaries = re.findall(r"^\W+Test run with (\d+) tests?\b.* (?:passed|failed) after", output, re.M)
    announced = sum(map(int, summaries))
    # XCTest nests its suites; the outermost one, which ends last, counts all of them.
    totals = re.findall(r"Executed (\d+) tests?, with ", output)
    announced += int(totals[-1]) if totals else 0

    suite.skipped += skipped
    suite.passed += max(0, announced - len(failures) - skipped)
    for name in failures:
        suite.fail(name, "\n".join(line for line in output.splitlines() if name in line))
    crashed = len(re.findall(r"^\W+Test run started", output, re.M)) != len(summaries)
    if crashed or announced == 0 or (code != 0 and not failures):
        started = set(re.findall(r"^\W+Test (?!run |case )(.+?) started\.", output, re.M))
        unfinished = started - {name for name, _ in ended.findall(output)}
        # Of the thousands of lines those that tell why; the rest is in the log.
        telling = [line for line in output.splitlines()
                   if re.search(r"Fatal error|error:|Crash|crashed| at /.*:\d+", line)]
        if unfinished:
            telling.append(f"started and not finished: {', '.join(sorted(unfinished))}")
        output = "\n".join(telling) or output
        suite.fail(f"swift test ended with {code} after {announced} tests", output)


def count_pytest(suite, report, code, output):
    try:
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return suite.fail("pytest left no report", output)
    failed = 0
    for case in cases:
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        if bad is not None:
            failed += 1
            suite.fail(f"{case.get('classname')}.{case.get('name')}", bad.text or bad.get("message", ""))
        elif case.find("skipped") is not None:
            suite.skipped += 1
        else:
            suite.passed += 1
    if code != 0 and not failed:
        suite.fail(f"pytest ended with {code} after {len(cases)} tests", output)
