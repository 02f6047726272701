#!/usr/bin/env bash
# The times and errors of inference in float32, bf16 and int8 (docs/INFERENCE.md).
# usage: bench/inference.sh VAE_CLI MNIST_DIR OUT_DIR [THREADS]
# Trains 784-400-40 for 10 epochs into OUT_DIR, unless the model is there already.
set -euo pipefail
cd "$(dirname "$0")/.."
cli=$1 mnist=$2 out=$3 threads=${4:-$(nproc)}
mkdir -p "$out"

train=$(ls "$mnist"/train-images-idx3-ubyte*) test=$(ls "$mnist"/t10k-images-idx3-ubyte*)
[ -e "$out/inference.safetensors" ] ||
  "$cli" train "$train" --validation "$test" --hidden 400 --latent 40 --epochs 10 --quiet --out "$out/inference.safetensors"
case $test in *.gz) gzip -dc "$test" ;; *) cat "$test" ;; esac >"$out/t10k-images.idx"

cmake -S . -B build/bench-programs -DVAE_BENCH=ON -DBUILD_TESTING=OFF >/dev/null
cmake --build build/bench-programs --target precision_bench >/dev/null
build/bench-programs/precision_bench "$out/inference.safetensors" "$out/t10k-images.idx" "$threads" | tee "$out/inference.txt"
