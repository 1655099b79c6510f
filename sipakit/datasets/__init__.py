"""Two real tables that travel with the package, so that nothing has to be downloaded.

Origin, licence, units and checksums are in ``PROVENANCE.md`` beside the tables.
"""

from sipakit.datasets.tables import bike, census

__all__ = ["bike", "census"]
