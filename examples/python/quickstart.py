import libvae
import numpy as np

# A table of 2,000 rows and 8 columns in which two hidden numbers a and b decide all the columns.
random = np.random.default_rng(0)
a, b = random.uniform(-1, 1, (2, 2000, 1))
table = a * np.arange(8) / 8 + b * np.arange(7, -1, -1) / 8

layer = {"units": 32, "activation": "tanh"}
model = libvae.Model.create(
    {"input_dim": 8, "latent_dim": 2, "encoder": [layer], "decoder": [layer], "likelihood": "gaussian", "sigma": 0.1}
)
for epoch in model.fit(table, epochs=20, batch_size=32):
    print(f"epoch {epoch.epoch}: loss {epoch.training.loss:.3f}")

mean, logvar = model.encode(table)  # each 2,000 x 2
odd = table[:1].copy()
odd[0, 3] += 3  # breaks the rule that the other rows follow
scores = model.scores(np.concatenate([table[:1], odd]))
print("the first row's code:", mean[0])
print("anomaly scores, a usual row and an odd one:", scores.loss)
model.save("table.safetensors")
