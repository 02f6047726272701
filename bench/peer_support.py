"""What the peers' programs share: the five configurations and the way they are asked to measure.

A peer is a process that gets ready once (imports, compiles, warms up), writes a line {"ready": …} and then answers each
line on its standard input with one JSON object: `train SECONDS`, `latency OPERATION SECONDS`. So it can be measured in
turns with others without paying for its start each time. An empty line or the end of input ends it.
"""
import json
import os
import sys
import time

ROWS, COLUMNS = 60000, 784

# encoder units, latent, decoder units, activation, batch, learning rate, latent samples, likelihood
CONFIGS = {
    "mlp400": ([400], 20, [400], "relu", 128, 1e-3, 1, "bernoulli"),
    "tutorial": ([100, 100], 8, [100], "relu", 32, 1e-4, 1, "gaussian"),
    "iwae1": ([200, 200], 50, [200, 200], "tanh", 20, 1e-3, 1, "bernoulli"),
    "iwae50": ([200, 200], 50, [200, 200], "tanh", 20, 1e-3, 50, "bernoulli"),
    "wide": ([1024, 1024], 64, [1024, 1024], "relu", 512, 1e-3, 1, "bernoulli"),
}


def limit_threads(threads):
    """Keeps the process on that many processors; before the import of what starts threads by their number."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def timed(chunk, seconds):
    """Calls chunk(), which does some steps and returns their number, for about that long. Steps, seconds."""
    began, done = time.perf_counter(), 0
    while True:
        done += chunk()
        elapsed = time.perf_counter() - began
        if elapsed >= seconds:
            return done, elapsed


def percentiles(call, seconds):
    """The distribution of one call's time, in microseconds."""
    for _ in range(50):
        call()
    times, end = [], time.perf_counter() + seconds
    while True:
        began = time.perf_counter()
        call()
        done = time.perf_counter()
        times.append(done - began)
        if done > end:
            break
    times.sort()
    pick = lambda fraction: round(1e6 * times[min(int(fraction * len(times)), len(times) - 1)], 3)
    return {"calls": len(times), "p50_microseconds": pick(0.5), "p90_microseconds": pick(0.9),
            "p99_microseconds": pick(0.99)}


def serve(ready, train, batch, latency):
    """ready: told in the first line. train(seconds) → steps, seconds. latency: operation → a call of no arguments."""
    print(json.dumps({"ready": ready}), flush=True)
    for line in sys.stdin:
        words = line.split()
        if not words:
            return
        if words[0] == "train":
            steps, elapsed = train(float(words[1]))
            answer = {"samples_per_second": round(steps * batch / elapsed, 1),
                      "step_microseconds": round(1e6 * elapsed / steps, 2)}
        else:
            answer = percentiles(latency[words[1]], float(words[2]))
        print(json.dumps(answer), flush=True)
