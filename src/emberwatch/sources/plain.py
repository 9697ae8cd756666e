"""Text as a person reads it: HTML taken apart, and characters that break things removed."""

import html
import re

_BREAKS = {
    **dict.fromkeys(("br", "div", "li", "tr", "dt", "dd", "section", "article", "header"), "\n"),
    **dict.fromkeys(("footer", "aside", "nav", "figcaption", "option", "summary"), "\n"),
    **dict.fromkeys(("p", "blockquote", "ul", "ol", "dl", "table", "pre", "figure"), "\n\n"),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "hr"), "\n\n"),
    **dict.fromkeys(("td", "th"), " "),
}
_UNSEEN = frozenset(("script", "style", "template"))

# A quoted attribute may hold '>'; a tag never holds a bare '<', which keeps '<a <a <a' linear.
_TAG = re.compile(r"""</?([a-zA-Z][^\s/<>"']*+)((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""")
_EMOJI = re.compile(r"""class\s*=\s*["'][^"']*(?:emoji|smiley)""")
_ALT = re.compile(r"""alt\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_SPACES = re.compile(" {2,}")
_LINE_ENDS = re.compile(" ?\n ?")
_EMPTY_LINES = re.compile(r"\n{3,}")
_UNWANTED = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """Return a text without NULs and lone surrogates, which no database and no UTF-8 can hold."""
    return _UNWANTED.sub("", text) if _UNWANTED.search(text) else text


def to_plain(markup: str) -> str:
    """Return what a reader would see of a piece of HTML.

    Paragraphs are parted by a blank line, lines by a line feed; inline tags leave nothing behind,
    so that `@<span>acme</span>` stays one word. Broken HTML never raises, and takes time in
    proportion to its length.
    """
    parts: list[str] = []
    at, end = 0, len(markup)
    while at < end:
        opened = markup.find("<", at)
        if opened < 0:
            opened = end
        if opened > at:
            parts.append(_SPACE.sub(" ", unescape(markup[at:opened])))
        if opened == end:
            break
        at = _after_tag(markup, opened, parts)
    plain = _LINE_ENDS.sub("\n", _SPACES.sub(" ", "".join(parts)))
    return clean(_EMPTY_LINES.sub("\n\n", plain).strip())


def _after_tag(markup: str, opened: int, parts: list[str]) -> int:
    """Write what the markup at `opened` shows, and return where to read on."""
    if markup.startswith("<!--", opened):
        return _past(markup, "-->", opened + 4)
    if markup.startswith("<![CDATA[", opened):
        closed = _past(markup, "]]>", opened)
        parts.append(_SPACE.sub(" ", markup[opened + 9 : closed].removesuffix("]]>")))
        return closed
    if markup.startswith(("<!", "<?"), opened):
        return _past(markup, ">", opened)
    tag = _TAG.match(markup, opened)
    if tag is None:
        parts.append("<")
        return opened + 1
    name = tag[1].lower()
    if name in _UNSEEN and markup[opened + 1] != "/":
        return _past_unseen(markup, name, tag.end())
    if name == "img" and _EMOJI.search(tag[2]) and (alt := _ALT.search(tag[2])):
        parts.append(unescape(alt[1] or alt[2] or ""))
    parts.append(_BREAKS.get(name, ""))
    return tag.end()


def _past(markup: str, mark: str, since: int) -> int:
    found = markup.find(mark, since)
    return len(markup) if found < 0 else found + len(mark)


def _past_unseen(markup: str, name: str, since: int) -> int:
    closing = re.compile(f"</{name}[^<>]*>", re.IGNORECASE).search(markup, since)
    return len(markup) if closing is None else closing.end()


def unescape(text: str) -> str:
    """Return a text with its entities resolved, as they are where they make no sense."""
    try:
        return html.unescape(text)
    except ValueError:  # a number of more digits than Python converts
        return text


def one_line(text: str) -> str:
    """Return a text on one line, for titles and names."""
    return clean(_SPACE.sub(" ", text).strip())


def first_words(text: str, most: int) -> str:
    """Return the beginning of a text, on one line, as whole words of `most` characters together.

    Half a word might be half a secret, which nobody could find and hide any more.
    """
    line = one_line(text)
    return line if len(line) <= most else line[: most + 1].rpartition(" ")[0]


def compose(title: str, body: str) -> str:
    """Return title, blank line, body; a body that only repeats the title is left out."""
    if not title or not body or title == body:
        return title or body
    return f"{title}\n\n{body}"
