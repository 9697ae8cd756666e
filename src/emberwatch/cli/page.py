"""Pages that are complete in themselves; pure.

Nothing is fetched and nothing runs: there is no script in them, and what strangers wrote is
escaped. They follow the reader's choice of light or dark, and print on light ground. On a phone
each row of a table stands as a list of its cells, named by their headings.
"""

from collections.abc import Iterable, Sequence
from html import escape

from emberwatch.core.read.text import safe_line
from emberwatch.picture import Picture, draw

LONGEST_POST = 500

_STYLE = """
:root { color-scheme: light dark; --ink: #202124; --ground: #fff; --faint: #d5d8dc; --soft: #5f6368;
  --red: #b3261e; --green: #2e7d32; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --ground: #15181c; --faint: #3c4043;
  --soft: #bdc1c6; --red: #ff8a80; --green: #81c995; } }
body { margin: 0 auto; max-width: 800px; padding: 1.5rem 1rem 4rem; background: var(--ground);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1.05rem; margin: 2.5rem 0 .3rem; padding-top: .7rem;
  border-top: 1px solid var(--faint); }
p { margin: .4rem 0; } .soft { color: var(--soft); } .real { color: var(--green); }
.false { color: var(--red); }
.wide { overflow-x: auto; }
@media screen and (max-width: 640px) { .wide svg { width: 640px; max-width: none !important; } }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--faint);
  vertical-align: top; } td.figure, th.figure { text-align: right; }
td { white-space: nowrap; }
blockquote { margin: .6rem 0; padding: .1rem 0 .1rem .8rem; border-left: 3px solid var(--faint); }
svg { margin: .6rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .8rem;
  margin: 1.2rem 0; } .tiles div { border: 1px solid var(--faint); border-radius: .5rem;
  padding: .6rem .8rem; } .tiles p { margin: 0; } .tiles .value { font-size: 1.6rem;
  font-weight: 600; line-height: 1.3; }
.high, .critical { color: var(--red); }
@media screen and (max-width: 40rem) { tr:first-child { display: none; }
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--faint); }
  td, td.figure { display: flex; gap: 1rem;
  justify-content: space-between; padding: .1rem 0; border: 0; text-align: right;
  white-space: normal; overflow-wrap: anywhere; } td:empty { display: none; }
  td::before { content: attr(data-of); flex: none; max-width: 50%; color: var(--soft);
  text-align: left; } td:first-child { font-weight: 600; text-align: left; }
  td:first-child::before { content: none; } }
@page { margin: 1.5cm; }
@media print { :root { color-scheme: light; --ink: #202124; --ground: #fff; --faint: #d5d8dc;
  --soft: #5f6368; --red: #b3261e; --green: #2e7d32; } body { max-width: none; padding: 0;
  font-size: 11pt; } h2, h3 { break-after: avoid; } tr, svg, blockquote { break-inside: avoid; }
  td { white-space: normal; } }
"""


def document(title: str, body: str) -> str:
    """Return a whole page; `title` may be anybody's, `body` is HTML."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{safe(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, plain: int) -> str:
    """Return a table; the columns after the `plain` first ones are figures."""
    marks = ["" if place < plain else ' class="figure"' for place in range(len(headings))]
    names = [f' data-of="{safe(heading)}"' for heading in headings]
    head = "".join(
        f"<th{mark}>{safe(cell)}</th>" for mark, cell in zip(marks, headings, strict=True)
    )
    body = "\n".join(
        "<tr>"
        + "".join(
            f"<td{mark}{name}>{safe(cell)}</td>"
            for mark, name, cell in zip(marks, names, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table>\n<tr>{head}</tr>\n{body}\n</table></div>'


def shown(picture: Picture) -> str:
    """Return a picture; on a screen too narrow to read it on, one pushes it aside."""
    return f'<div class="wide">{draw(picture)}</div>'


def tiles(figures: Iterable[tuple[str, str, str]]) -> str:
    """Return figures to be taken in at a glance: a name, a value, and what to set it beside."""
    inner = "\n".join(
        f'<div><p>{safe(name)}</p><p class="value">{safe(value)}</p>'
        f'<p class="soft">{safe(beside)}</p></div>'
        for name, value, beside in figures
    )
    return f'<div class="tiles">\n{inner}\n</div>'


def quote(text: str, author: str, when: str, anger: float | None) -> str:
    """Return a post in its author's words; `when` it was written is said as the page says times."""
    name = safe_line(author, 60)
    told = "" if anger is None else f", anger {anger:.2f}"
    words = safe_line(text, LONGEST_POST)
    return (
        f'<blockquote><p dir="auto">{safe(words) if words else "(erased)"}</p>'
        f'<p class="soft">{safe("@" + name if name else "somebody")}, '
        f"{safe(when)}{told}</p></blockquote>"
    )


def safe(text: str) -> str:
    """Return what anybody wrote as text and nothing else."""
    return escape(safe_line(text, 4000))
