"""What all tests share: hypothesis without deadlines, and the same examples in every run of a CI."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("local", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("local"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
