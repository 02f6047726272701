"""PyTorch's training speed on the same configurations, data in memory, float32 or bfloat16 (autocast), eager
mode, fused Adam.

usage: torch_training.py CONFIG THREADS SECONDS [bf16]     prints one JSON object
"""
import json
import math
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

# encoder units, latent, decoder units, activation, batch, learning rate, samples, likelihood
CONFIGS = {
    "mlp400": ([400], 20, [400], nn.ReLU, 128, 1e-3, 1, "bernoulli"),
    "tutorial": ([100, 100], 8, [100], nn.ReLU, 32, 1e-4, 1, "gaussian"),
    "iwae1": ([200, 200], 50, [200, 200], nn.Tanh, 20, 1e-3, 1, "bernoulli"),
    "iwae50": ([200, 200], 50, [200, 200], nn.Tanh, 20, 1e-3, 50, "bernoulli"),
    "wide": ([1024, 1024], 64, [1024, 1024], nn.ReLU, 512, 1e-3, 1, "bernoulli"),
}
ROWS, COLUMNS = 60000, 784


def stack(sizes, activation):
    layers = []
    for inputs, units in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, units), activation()]
    return nn.Sequential(*layers)


class VAE(nn.Module):
    def __init__(self, encoder, latent, decoder, activation, samples, likelihood):
        super().__init__()
        self.encoder = stack([COLUMNS] + encoder, activation)
        self.mean, self.logvar = nn.Linear(encoder[-1], latent), nn.Linear(encoder[-1], latent)
        self.decoder = stack([latent] + decoder, activation)
        self.output = nn.Linear(decoder[-1], COLUMNS)
        self.samples, self.likelihood = samples, likelihood

    def loss(self, x):
        hidden = self.encoder(x)
        mean, logvar = self.mean(hidden), self.logvar(hidden)
        shape = mean.shape if self.samples == 1 else (self.samples, *mean.shape)
        noise = torch.randn(shape)
        z = mean + torch.exp(0.5 * logvar) * noise
        output = self.output(self.decoder(z))
        if self.samples > 1:  # Burda et al. 2016, eq. 8
            log_p = -F.binary_cross_entropy_with_logits(output, x.expand_as(output), reduction="none").sum(-1)
            log_w = log_p - 0.5 * (z * z).sum(-1) + 0.5 * (noise * noise + logvar).sum(-1)
            return -(torch.logsumexp(log_w, 0) - math.log(self.samples)).mean()
        if self.likelihood == "bernoulli":
            reconstruction = F.binary_cross_entropy_with_logits(output, x, reduction="sum")
        else:
            reconstruction = 0.5 * F.mse_loss(output, x, reduction="sum")
        kl = 0.5 * torch.sum(mean * mean + logvar.exp() - 1 - logvar)
        return (reconstruction + kl) / len(x)


def main():
    name, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    bf16 = sys.argv[4:] == ["bf16"]
    encoder, latent, decoder, activation, batch, rate, samples, likelihood = CONFIGS[name]
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = VAE(encoder, latent, decoder, activation, samples, likelihood)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    data, order = torch.rand(ROWS, COLUMNS), torch.randperm(ROWS)
    first = 0

    def steps(until):
        nonlocal first
        done = 0
        while time.perf_counter() < until:
            for _ in range(5):
                x = data[order[first : first + batch]]
                optimizer.zero_grad(set_to_none=True)
                with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                    loss = model.loss(x)
                loss.backward()
                optimizer.step()
                first = first + batch if first + 2 * batch <= ROWS else 0
                done += batch
        return done

    steps(time.perf_counter() + 0.3)
    began = time.perf_counter()
    done = steps(began + seconds)
    elapsed = time.perf_counter() - began
    print(json.dumps({"config": name, "threads": threads, "samples_per_second": round(done / elapsed)}))


if __name__ == "__main__":
    main()
