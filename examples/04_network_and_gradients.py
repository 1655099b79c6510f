"""
A network and its gradients
===========================

Integrated gradients and Shapley values answer nearly the same question, one by derivatives and one by predictions.
"""

import numpy as np
import torch

import sipakit as sp

rng = np.random.default_rng(0)
X = rng.normal(size=(400, 4)).astype(np.float32)
y = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2])

torch.manual_seed(0)
network = torch.nn.Sequential(torch.nn.Linear(4, 32), torch.nn.SiLU(), torch.nn.Linear(32, 1))
optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
for _ in range(300):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(network(torch.tensor(X))[:, 0], torch.tensor(y))
    loss.backward()
    optimizer.step()
print(f"mean squared error {loss.item():.3f}")

# %%
# The network comes as it is: it is set to eval mode and left as it was found.
gradients = sp.IntegratedGradients(background=X[:100]).explain(network, X[100:120])
gradients.plot("beeswarm")

# %%
# The same rows and background, by coalitions. Feature 3 does nothing, and both say so.
shapley = sp.Shapley(background=X[:100]).explain(network, X[100:120])
print(sp.compare({"gradients": gradients, "coalitions": shapley}))
