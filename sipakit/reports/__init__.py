"""Reports for readers: findings in sentences, and one page that needs no network.

Everything is made from finished explanations; no model is called here.
"""

from sipakit.reports.narrative import Finding, findings, headline
from sipakit.reports.page import Part, render
from sipakit.reports.subject import Subject

__all__ = ["Finding", "Part", "Subject", "findings", "headline", "render"]
