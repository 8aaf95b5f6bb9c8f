"""A version's model card, as Markdown and as a page: the same content twice.

It tells what Mitchell et al., Model Cards for Model Reporting, FAT* 2019, ask for.
"""

from collections.abc import Sequence

from tasks.ledger.card_blocks import Block
from tasks.ledger.card_content import Sheet, sections, summary
from tasks.ledger.telling import cell
from tasks.ledger.templates import rendered


def card_markdown(sheet: Sheet) -> str:
    """The card as Markdown; text is escaped."""
    blocks = [f"# {cell(sheet.title)}", cell(summary(sheet))]
    for section in sections(sheet):
        blocks += [f"## {section.title}", *(_markdown(block) for block in section.blocks)]
    return "\n\n".join(blocks) + "\n"


def card_page(sheet: Sheet) -> str:
    """The card as HTML that loads nothing from elsewhere; every value in it is escaped."""
    return rendered("card.html.j2", sheet=sheet, summary=summary(sheet), sections=sections(sheet))


def _markdown(block: Block) -> str:
    if isinstance(block, str):
        return cell(block)
    widths = len(block.head or block.rows[0] if block.rows else block.head)
    head: Sequence[str] = block.head or ("",) * widths
    lines = [head, ("---",) * widths, *block.rows]
    return "\n".join(f"| {' | '.join(cell(each) for each in line)} |" for line in lines)
