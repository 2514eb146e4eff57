"""DocBook, TEI and JATS. The rule: title, authors, abstract, sections and references, in the order of the document."""

from __future__ import annotations

from box.library import xml_flow
from box.library.markdown import Markdown
from box.library.reading import Context, Reading
from box.library.recognising import recognise
from box.library.safe_xml import local
from box.library.xml_articles import BY_MEDIA_TYPE, DOCBOOK
from box.library.xml_walk import Walk

_LANGUAGES = ("{http://www.w3.org/XML/1998/namespace}lang", "lang")


def read(path: str, out: Markdown, context: Context) -> Reading:
    """Its text."""
    dialect = BY_MEDIA_TYPE.get(recognise(path, context.name), DOCBOOK)
    walk = Walk(dialect, out)
    language, root = "", ""
    with xml_flow.opened(path, context.name) as stream:
        for token in xml_flow.flow(stream, context.name, keep=dialect.heads):
            if not root and not isinstance(token[1], str):
                root = local(token[1].tag)
                language = next((said for name in _LANGUAGES if (said := token[1].get(name, ""))), "")
            walk.take(token)
            context.progress(message=f"{out.words:,} words")
    walk.finish()
    head = walk.head
    counts = {"sections": walk.sections, "references": walk.references, "tables": walk.tables}
    return Reading(
        "book" if root in {"book", "set"} else "document", title=head.title or walk.title, authors=head.authors,
        date=head.date, language=head.language or language, origin=head.origin, tags=head.tags,
        counts={name: count for name, count in counts.items() if count},
        marks=() if walk.whole else ("tables-cut",),
    )  # fmt: skip
