"""What the commands show: a document of sections, as text for a terminal or as one HTML file.

A document is made once of a result and rendered twice. Its pictures are those of `shortgamma.plot`, drawn only where
they are shown; matplotlib is imported then. A page needs no JavaScript and loads nothing.
"""

from shortgamma.report.document import Document, Figure, Lines, Section, Table, to_text
from shortgamma.report.page import to_html

__all__ = ["Document", "Figure", "Lines", "Section", "Table", "to_html", "to_text"]
