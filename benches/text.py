"""Tables in plain text, which Markdown reads too."""


def table(rows, left, markdown=False):
    """Lines of an aligned table; the first row is its header, the columns in ``left`` are flush left."""
    widths = [max(3, *map(len, column)) for column in zip(*rows, strict=True)]
    edge, between = ("| ", " | ") if markdown else ("", "  ")
    rule = ["-" * width if i in left or not markdown else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    lines = []
    for row in (rows[0], rule, *rows[1:]):
        cells = [
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((edge + between.join(cells) + edge[::-1]).rstrip())
    return lines
