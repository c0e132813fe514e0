"""`python -m tests.docs` writes the generated parts of docs/console.md anew."""

from tests.docs.generated import PAGE, page

PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
