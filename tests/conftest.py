"""What all tests share: threads that wait asleep, and hypothesis without deadlines, with equal examples in a CI."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Threads of OpenMP wait in a loop that keeps a core busy, unless this is set before they start: beside another test
# process on the same cores, a small boosted model then takes ten times as long, and nothing else changes.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

settings.register_profile("local", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture
def unlooked(monkeypatch):
    """For runs by the hundred: how columns tell each other, which only a caveat says, is not looked at in each."""
    monkeypatch.setattr("sipakit.engine.run.extrapolated", lambda *_: [])
