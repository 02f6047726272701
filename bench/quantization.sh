#!/usr/bin/env bash
# What bf16 and int8 lose on MNIST's test digits (docs/INFERENCE.md).
# usage: bench/quantization.sh VAE_CLI MNIST_DIR OUT_DIR
# Trains 784-400-40 for 10 epochs into OUT_DIR, unless the model is there already.
set -euo pipefail
if (($# != 3)); then
  echo "usage: bench/quantization.sh VAE_CLI MNIST_DIR OUT_DIR" >&2
  exit 2
fi
cli=$(realpath "$1") mnist=$(realpath "$2") out=$3
mkdir -p "$out"
out=$(realpath "$out")
cd "$(dirname "$0")/.."

train=$(ls "$mnist"/train-images-idx3-ubyte*) test=$(ls "$mnist"/t10k-images-idx3-ubyte*)
[ -e "$out/quantization.safetensors" ] ||
  "$cli" train "$train" --validation "$test" --hidden 400 --latent 40 --epochs 10 --quiet --out "$out/quantization.safetensors"
case $test in *.gz) gzip -dc "$test" ;; *) cat "$test" ;; esac >"$out/t10k-images.idx"

cmake -S . -B build/bench-programs -DVAE_BENCH=ON -DBUILD_TESTING=OFF >/dev/null
cmake --build build/bench-programs --target quantization_bench >/dev/null
build/bench-programs/quantization_bench "$out/quantization.safetensors" "$out/t10k-images.idx" | tee "$out/quantization.md"
