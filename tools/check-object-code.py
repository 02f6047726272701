#!/usr/bin/env python3
"""Checks the compiled matrix products: a loop with multiply-adds must keep its vectors off the stack.

usage: check-object-code.py LIBRARY [OBJDUMP]

An accumulator that the compiler could not keep in a register costs a third of the speed, and no test of results shows it
(docs/KERNELS.md, section 2). Looks at every loop (a jump back to an address inside the same function) of every function
of PRODUCTS that has a multiply-add in it. Exits with 1 and names the loop where one moves a vector to or from the stack, or where
a function has no such loop.
"""
import re
import subprocess
import sys

LINE = re.compile(r"^\s*([0-9a-f]+):\s+(.*)$")
# Of x86-64 in AT&T's spelling, or of AArch64; by GNU objdump or LLVM's, which writes 0x before an address.
JUMP = re.compile(r"^(?:j\w+|b(?:\.\w+)?|cbn?z\s+\w+,|tbn?z\s+\w+, #\d+,)\s+(?:0x)?([0-9a-f]+) <")
STACK = re.compile(r"%[xyz]mm.*\(%r[sb]p|\(%r[sb]p.*%[xyz]mm|\b[qv]\d+.*\[(?:sp|x29)\b")
MULTIPLY_ADD = re.compile(r"vfmadd|vpdpbusd|vdpbf16ps|fmla\s|bfdot\s")
PRODUCTS = ["product", "gradient_and_adam", "row_product", "bf16_product", "int8_product", "pair_product"]
# Where a library may have no such loop: an instruction for pairs of bf16, or for bytes, is not in every instruction set.
OPTIONAL = {"pair_product", "int8_product"}
# With AVX2 six rows of bf16 need 17 registers, one more than there are.
ALLOWED = {"bf16_product": 4}


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
    found, bad = {}, []
    for name in PRODUCTS:
        found[name] = 0
        for code in functions(sys.argv[1], name, sys.argv[2] if len(sys.argv) == 3 else "objdump"):
            for begin, end in innermost_loops(code):
                body = [text for address, text in code if begin <= address <= end]
                if not any(map(MULTIPLY_ADD.match, body)):
                    continue
                found[name] += 1
                moves = [f"{name}, loop at {begin:x}: {text}" for text in body if STACK.search(text)]
                bad += moves if len(moves) > ALLOWED.get(name, 0) else []
        if not found[name] and name not in OPTIONAL:
            bad.append(f"{name}: no loop with multiply-adds")
    for line in bad:
        print(line)
    loops = ", ".join(f"{count} in {name}" for name, count in found.items())
    print(f"check-object-code: loops with multiply-adds: {loops}; {len(bad)} findings")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
