import libvae
import numpy as np

# Two hundred machines; number 100 pairs a low pressure with a high load, which no column shows alone.
random = np.random.default_rng(1)
load = random.normal(size=(200, 1))
machines = load @ [[8.0, -0.5, 120.0]] + [60, 3, 1500] + random.normal(size=(200, 3)) * [0.8, 0.05, 12]
machines[100] = [60 + 12, 3 + 0.75, 1500 + 180]

detector = libvae.VAEOutlierDetector(contamination=0.005, latent_dim=1, random_state=0)
print("outliers:", np.flatnonzero(detector.fit_predict(machines) == -1))
