"""Builds the measuring programs and talks to them and to the peers."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "bench-programs"
PEERS = ROOT / "build" / "bench-peers" / "bin" / "python"


def build():
    """The C programs, against libvae.a as it ships."""
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    for command in (["cmake", "-S", ROOT, "-B", BUILD, *generator, "-DVAE_BENCH=ON", "-DBUILD_TESTING=OFF"],
                    ["cmake", "--build", BUILD, "--parallel", str(os.cpu_count() or 1)]):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{done.stdout}{done.stderr}\nbench: the programs could not be built")


def program(name, *arguments):
    """Runs build/bench-programs/NAME; its lines of JSON as a list."""
    done = subprocess.run([str(BUILD / name), *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"bench: {name} {' '.join(map(str, arguments))} ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def peers_python():
    """The Python that has the peers: VAE_BENCH_PYTHON, build/bench-peers, else this one."""
    chosen = os.environ.get("VAE_BENCH_PYTHON")
    return chosen or (str(PEERS) if PEERS.exists() else sys.executable)


def can_import(*modules):
    code = ["-c", f"import {', '.join(modules)}"]
    return subprocess.run([peers_python(), *code], capture_output=True).returncode == 0


# name, program, its arguments, what it imports, precision
PEER_VARIANTS = [
    ("JAX", "jax_peer.py", ["jit"], ["jax", "optax"], "float32"),
    ("PyTorch", "torch_peer.py", ["eager"], ["torch"], "float32"),
    ("torch.compile", "torch_peer.py", ["compile"], ["torch"], "float32"),
    ("JAX bf16", "jax_peer.py", ["jit", "bf16"], ["jax", "optax"], "bf16"),
    ("PyTorch bf16", "torch_peer.py", ["eager", "bf16"], ["torch"], "bf16"),
    ("torch.compile bf16", "torch_peer.py", ["compile", "bf16"], ["torch"], "bf16"),
]


class Peer:
    """A peer's process for one configuration: started once, asked many times, asleep in between."""

    def __init__(self, variant, config, threads):
        self.name, script, arguments, _, self.precision = variant
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "JAX_PLATFORMS": "cpu"}
        self.process = subprocess.Popen([peers_python(), str(HERE / script), config, str(threads), *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env=environment)
        self.versions = None

    def ready(self):
        """Whether it came up; what it says otherwise is passed on."""
        line = self.process.stdout.readline()
        if not line:
            print(f"bench: {self.name} failed:\n" + self.process.stderr.read()[-2000:], file=sys.stderr)
            return False
        self.versions = json.loads(line)["ready"]
        return True

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"bench: {self.name} ended:\n" + self.process.stderr.read()[-2000:])
        return {"peer": self.name, "precision": self.precision, **json.loads(line)}

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()


def open_peers(config, threads, precisions, only=None):
    """All peers that can be imported, ready to be asked. One after the other, since compiling takes all cores."""
    peers = []
    for variant in PEER_VARIANTS:
        name, _, _, modules, precision = variant
        if precision not in precisions or (only and name not in only) or not can_import(*modules):
            continue
        peer = Peer(variant, config, threads)
        if peer.ready():
            peers.append(peer)
        else:
            peer.close()
    return peers
