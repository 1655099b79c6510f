"""Reports for readers: findings in sentences, and one page that needs no network.

Everything is made from finished explanations; no model is called here. Pages and narratives are imported from their own
files, so that a study without a page does without the plots.
"""

from sipakit.reports.subject import Subject

__all__ = ["Subject"]
