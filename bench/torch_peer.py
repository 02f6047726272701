"""PyTorch on the same configurations, data in memory, fused Adam.

usage: torch_peer.py CONFIG THREADS eager|compile [bf16]     then see peer_support.py
"""
import math
import sys

from peer_support import COLUMNS, CONFIGS, ROWS, limit_threads, serve, timed

name, threads, mode = sys.argv[1], int(sys.argv[2]), sys.argv[3]
half = sys.argv[4:] == ["bf16"]
limit_threads(threads)

import torch
from torch import nn
from torch.nn import functional as F

ENCODER, LATENT, DECODER, ACTIVATION, BATCH, RATE, SAMPLES, LIKELIHOOD = CONFIGS[name]


def stack(sizes):
    layers = []
    for inputs, units in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, units), {"relu": nn.ReLU, "tanh": nn.Tanh}[ACTIVATION]()]
    return nn.Sequential(*layers)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = stack([COLUMNS] + ENCODER)
        self.head = nn.Linear(ENCODER[-1], 2 * LATENT)  # [mean | logvar] in one product
        self.decoder = stack([LATENT] + DECODER)
        self.output = nn.Linear(DECODER[-1], COLUMNS)

    def encode(self, x):
        return self.head(self.encoder(x)).chunk(2, -1)

    def decode(self, z):
        location = self.output(self.decoder(z))
        return torch.sigmoid(location) if LIKELIHOOD == "bernoulli" else location

    def loss(self, x):
        mean, logvar = (t.float() for t in self.encode(x))
        noise = torch.randn(mean.shape if SAMPLES == 1 else (SAMPLES, *mean.shape))
        z = mean + torch.exp(0.5 * logvar) * noise
        location = self.output(self.decoder(z)).float()
        if SAMPLES > 1:  # Burda et al. 2016, eq. 8
            log_p = -F.binary_cross_entropy_with_logits(location, x.expand_as(location), reduction="none").sum(-1)
            log_w = log_p - 0.5 * (z * z).sum(-1) + 0.5 * (noise * noise + logvar).sum(-1)
            return -(torch.logsumexp(log_w, 0) - math.log(SAMPLES)).mean()
        if LIKELIHOOD == "bernoulli":
            reconstruction = F.binary_cross_entropy_with_logits(location, x, reduction="sum")
        else:
            reconstruction = 0.5 * F.mse_loss(location, x, reduction="sum")
        kl = 0.5 * torch.sum(mean * mean + logvar.exp() - 1 - logvar)
        return (reconstruction + kl) / len(x)


def main():
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    data = torch.rand(ROWS, COLUMNS)  # floats: gathering bytes and converting them is slower here
    position, order = ROWS, torch.randperm(ROWS)

    def loss(x):
        if not half:
            return model.loss(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model.loss(x)

    compiled = torch.compile(loss, dynamic=False) if mode == "compile" else loss

    def chunk():
        nonlocal position, order
        for _ in range(5):
            if position + BATCH > ROWS:
                position, order = 0, torch.randperm(ROWS)
            x = data.index_select(0, order[position:position + BATCH])
            optimizer.zero_grad(set_to_none=True)
            compiled(x).backward()
            optimizer.step()
            position += BATCH
        return 5

    def train(seconds):
        timed(chunk, 0.2)
        return timed(chunk, seconds)

    row, code = torch.rand(1, COLUMNS), torch.randn(1, LATENT)
    calls = {"encode": lambda: model.encode(row), "decode": lambda: model.decode(code),
             "reconstruct": lambda: model.decode(model.encode(row)[0]), "score": lambda: model.loss(row)}

    def inference(call):
        fast = torch.compile(call, dynamic=False) if mode == "compile" else call

        @torch.inference_mode()
        def run():
            return fast()

        return run

    timed(chunk, 1.0)
    serve({"torch": torch.__version__}, train, BATCH, {name: inference(call) for name, call in calls.items()})


if __name__ == "__main__":
    main()
