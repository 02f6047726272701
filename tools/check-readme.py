#!/usr/bin/env python3
"""Checks that what the documentation shows is true: links into the repository, and the fenced blocks that follow one of these comments.

  <!-- file: PATH -->   the block is that file of the repository, word for word
  <!-- run -->          the block is run by bash in an empty folder, with vae-cli on the PATH, libvae installed, and this
                        repository's folder in $LIBVAE; a block of Python by python3, as the continuation of the page's blocks of
                        Python before it

usage: check-readme.py FOLDER_OF_VAE_CLI PREFIX_OF_LIBVAE PAGE...
Blocks of one page that are run share the folder, in their order; the files of its `file:` blocks lie in it, too.
Prints `ok - WHAT` or `not ok - WHAT` per block.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^<!-- (file: (?P<file>\S+)|run) -->\n+```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)


def environment(programs, prefix):
    libraries = next((str(path.parent.parent) for path in prefix.rglob("vae.pc")), "")
    return {**os.environ, "LIBVAE": str(ROOT), "PATH": f"{programs}:{os.environ['PATH']}", "PKG_CONFIG_PATH": f"{libraries}/pkgconfig",
            "CMAKE_PREFIX_PATH": str(prefix), "LD_LIBRARY_PATH": f"{libraries}:{os.environ.get('LD_LIBRARY_PATH', '')}"}


def check_links(page, text):
    """(what, passed, detail) of the page's links into the repository."""
    for target in sorted(set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text))):
        yield f"{page.name} links to {target}", (page.parent / target).exists(), "there is no such file"


def check_page(page, variables):
    """(what, passed, detail) of each marked block."""
    if not page.is_file():
        yield f"{page} is there", False, "no such file"
        return
    text = page.read_text(encoding="utf-8")
    yield from check_links(page, text)
    python = ""  # the page's blocks of Python so far
    with tempfile.TemporaryDirectory() as folder:
        for match in BLOCK.finditer(text):
            where = f"{page.name}:{text.count(chr(10), 0, match.start()) + 1}"
            shown = match["text"]
            if match["file"]:
                path = ROOT / match["file"]
                real = path.read_text(encoding="utf-8") if path.is_file() else None
                (pathlib.Path(folder) / path.name).write_text(shown, encoding="utf-8")
                detail = "there is no such file" if real is None else "it differs"
                yield f"{where} is {match['file']}", shown == real, detail
            else:
                command = ["bash", "-euo", "pipefail", "-c", shown]
                if match["language"] == "python":
                    python += shown
                    command = ["python3", "-c", python]
                done = subprocess.run(command, cwd=folder, env=variables, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                yield f"{where} runs", done.returncode == 0, f"exit code {done.returncode}\n{done.stdout[-2000:]}"


def main(programs, prefix, *pages):
    variables = environment(programs, pathlib.Path(prefix))
    failures = blocks = 0
    for page in pages:
        for what, passed, detail in check_page(pathlib.Path(page), variables):
            blocks += 1
            failures += not passed
            print(f"ok - {what}" if passed else f"not ok - {what}: {detail}")
    if not blocks:
        print(f"not ok - {', '.join(pages)}: no block is marked to be checked")
    return 1 if failures or not blocks else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
