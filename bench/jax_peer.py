"""JAX on the same configurations: many steps in one jitted lax.scan, data in memory, Adam from optax.

usage: jax_peer.py CONFIG THREADS jit [bf16]     then see peer_support.py
"""
import math
import sys

from peer_support import COLUMNS, CONFIGS, ROWS, limit_threads, serve, timed

name, threads = sys.argv[1], int(sys.argv[2])
half = sys.argv[4:] == ["bf16"]  # as autocast: products of bf16 with sums in float32, all else float32
limit_threads(threads)

import jax
import jax.numpy as jnp
import optax

jax.config.update("jax_default_prng_impl", "rbg")  # quicker than threefry
ENCODER, LATENT, DECODER, ACTIVATION, BATCH, RATE, SAMPLES, LIKELIHOOD = CONFIGS[name]
STEPS = {"iwae50": 10, "wide": 4}.get(name, 50)  # of one call
activate = {"relu": jax.nn.relu, "tanh": jnp.tanh}[ACTIVATION]


def stack(key, sizes):
    layers = []
    for inputs, units in zip(sizes, sizes[1:]):
        key, own = jax.random.split(key)
        scale = math.sqrt(2 / (inputs + units))
        layers.append((jax.random.normal(own, (inputs, units)) * scale, jnp.zeros(units)))
    return layers


def dense(layer, x):
    if half:
        product = jnp.dot(x.astype(jnp.bfloat16), layer[0].astype(jnp.bfloat16), preferred_element_type=jnp.float32)
        return product + layer[1]
    return x @ layer[0] + layer[1]


def encode(p, x):
    for layer in p["encoder"][:-1]:
        x = activate(dense(layer, x))
    return jnp.split(dense(p["encoder"][-1], x), 2, -1)


def location(p, z):
    for layer in p["decoder"][:-1]:
        z = activate(dense(layer, z))
    return dense(p["decoder"][-1], z)


def decode(p, z):
    return jax.nn.sigmoid(location(p, z)) if LIKELIHOOD == "bernoulli" else location(p, z)


def loss(p, x, key):
    mean, logvar = encode(p, x)
    noise = jax.random.normal(key, (SAMPLES, *mean.shape))
    z = mean + jnp.exp(0.5 * logvar) * noise
    out = location(p, z.reshape(-1, LATENT)).reshape(SAMPLES, x.shape[0], COLUMNS)
    if LIKELIHOOD == "bernoulli":
        nll = (jnp.maximum(out, 0) - out * x + jnp.log1p(jnp.exp(-jnp.abs(out)))).sum(-1)
    else:
        nll = 0.5 * jnp.square(out - x).sum(-1)
    if SAMPLES == 1:
        return (nll[0] + 0.5 * (mean * mean + jnp.exp(logvar) - 1 - logvar).sum(-1)).mean()
    # Burda et al. 2016, eq. 8
    log_w = -nll - 0.5 * (z * z).sum(-1) + 0.5 * (noise * noise + logvar).sum(-1)
    return -(jax.scipy.special.logsumexp(log_w, 0) - math.log(SAMPLES)).mean()


def main():
    key = jax.random.key(0)
    params = {"encoder": stack(key, [COLUMNS, *ENCODER, 2 * LATENT]), "decoder": stack(key, [LATENT, *DECODER, COLUMNS])}
    optimizer = optax.adam(RATE)
    data = jax.random.uniform(key, (ROWS, COLUMNS))

    def step(carry, rows):
        params, state, key = carry
        key, own = jax.random.split(key)
        value, gradient = jax.value_and_grad(loss)(params, data[rows], own)
        update, state = optimizer.update(gradient, state)
        return (optax.apply_updates(params, update), state, key), value

    run = jax.jit(lambda carry, rows: jax.lax.scan(step, carry, rows), donate_argnums=0)
    shuffle = jax.jit(lambda key: jax.random.permutation(key, ROWS)[:ROWS // BATCH * BATCH].reshape(-1, BATCH))
    carry = jax.tree.map(jnp.copy, (params, optimizer.init(params), key))
    epoch, position, order = 0, 0, shuffle(key)

    def chunk():
        nonlocal carry, epoch, position, order
        if position + STEPS > len(order):
            epoch += 1
            position, order = 0, shuffle(jax.random.fold_in(key, epoch))
        carry, values = run(carry, order[position:position + STEPS])
        values.block_until_ready()
        position += STEPS
        return STEPS

    def train(seconds):
        timed(chunk, 0.2)
        return timed(chunk, seconds)

    row, code = jax.random.uniform(key, (1, COLUMNS)), jax.random.normal(key, (1, LATENT))
    calls = {"encode": (encode, row), "decode": (decode, code),
             "reconstruct": (lambda p, x: decode(p, encode(p, x)[0]), row), "score": (lambda p, x: loss(p, x, key), row)}

    def inference(function, argument):
        fast = jax.jit(function)
        return lambda: jax.block_until_ready(fast(params, argument))

    timed(chunk, 1.0)
    serve({"jax": jax.__version__, "optax": optax.__version__}, train, BATCH,
          {name: inference(*call) for name, call in calls.items()})


if __name__ == "__main__":
    main()
