#!/usr/bin/env bash
# The MNIST result and the speed of training.
# usage: bench/run.sh VAE_CLI MNIST_DIR OUT_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
cli=$1 mnist=$2 out=$3
mkdir -p "$out"

python=python3
if ! "$python" -c 'import numpy' 2>/dev/null; then
  [ -x build/venv/bin/python ] || python3 -m venv build/venv
  build/venv/bin/pip install --quiet --disable-pip-version-check numpy
  python=build/venv/bin/python
fi
[ -x build/bench-peers/bin/python ] && python=build/bench-peers/bin/python

"$python" bench/mnist_elbo.py "$cli" "$mnist" "$out"
cmake -S . -B build/release -G Ninja -DBUILD_TESTING=OFF >/dev/null
cmake --build build/release >/dev/null
cc -std=gnu11 -O2 -Iinclude -Ibench bench/training_bench.c bench/fma_peak.c build/release/libvae.a \
  -lomp5 -lm -lpthread -o build/training_bench
"$python" bench/training.py build/training_bench "$out"
