#!/usr/bin/env python3
"""Checks the compiled matrix products: a loop with fused multiply-adds must not touch the stack.

usage: check-object-code.py LIBRARY [OBJDUMP]

An accumulator that the compiler could not keep in a register costs a third of the speed, and no test of results shows it
(docs/KERNELS.md, section 2). Looks at every loop (a jump back to an address inside the same function) of every function
called `product` or `pair_product` that has a vfmadd or a vdpbf16ps in it. Exits with 1 and names the loop where one reads or writes the stack, or where
`product` has no such loop.
"""
import re
import subprocess
import sys

LINE = re.compile(r"^\s*([0-9a-f]+):\s+(.*)$")
# Of x86-64 in AT&T's spelling, or of AArch64.
JUMP = re.compile(r"^(?:j\w+|b(?:\.\w+)?|cbn?z\s+\w+,|tbn?z\s+\w+, #\d+,)\s+([0-9a-f]+) <")
STACK = re.compile(r"\(%r[sb]p|\[(?:sp|x29)\b")
# A function, its multiply-adds, and whether every library has such loops: bf16 products are for x86-64 alone.
MULTIPLY_ADDS = [("product", re.compile(r"^(?:vfmadd|fmla\s)"), True), ("pair_product", re.compile(r"^vdpbf16ps"), False)]


def functions(library, name, objdump):
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", library], check=True, capture_output=True, text=True).stdout
    for block in re.split(r"\n\n", text):
        head, _, body = block.partition("\n")
        if f"<{name}>:" in head:
            yield [(int(m[1], 16), m[2]) for m in map(LINE.match, body.splitlines()) if m]


def innermost_loops(code):
    """[begin, end] of the loops that hold no other loop."""
    loops = [(int(m[1], 16), address) for address, text in code for m in [JUMP.match(text)]
             if m and code[0][0] <= int(m[1], 16) < address]
    return [(b, e) for b, e in loops if not any((b, e) != (c, f) and b <= c and f <= e for c, f in loops)]


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: check-object-code.py LIBRARY [OBJDUMP]")
    found, bad, missing = {}, [], False
    for name, multiply_add, required in MULTIPLY_ADDS:
        found[name] = 0
        for code in functions(sys.argv[1], name, sys.argv[2] if len(sys.argv) == 3 else "objdump"):
            for begin, end in innermost_loops(code):
                body = [text for address, text in code if begin <= address <= end]
                if not any(multiply_add.match(text) for text in body):
                    continue
                found[name] += 1
                bad += [f"{name}, loop at {begin:x}: {text}" for text in body if STACK.search(text)]
        missing |= required and not found[name]
    for line in bad:
        print(line)
    loops = ", ".join(f"{count} in {name}" for name, count in found.items())
    print(f"check-object-code: loops with multiply-adds: {loops}; {len(bad)} touches of the stack")
    sys.exit(1 if bad or missing else 0)


if __name__ == "__main__":
    main()
