"""Which line sets which key."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.config.toml_lines import key_lines, line_of

DOCUMENT = '''# comment [not.a.table]
top = 1

[risk]   # a table
max = [ # a list
  "]", '[', # ] not the end
  2,
]
text = """
[not.a.table]
key = 1 \\"""
"""
after = 3
"quoted.key" = { inner = { deep = "#" }, other = 2 }
literal = \'\'\'
a = 1\'\'\'
a.b.'c d' = 1

[ strategies . "mm-1" ]
class = "x"

[[rows]]
x = 1
'''


def test_lines_of_tables_keys_and_what_follows_long_values() -> None:
    assert tomllib.loads(DOCUMENT)
    lines = key_lines(DOCUMENT)
    assert lines == {
        ("top",): 2,
        ("risk",): 4,
        ("risk", "max"): 5,
        ("risk", "text"): 9,
        ("risk", "after"): 13,
        ("risk", "quoted.key"): 14,
        ("risk", "literal"): 15,
        ("risk", "a"): 17,
        ("risk", "a", "b"): 17,
        ("risk", "a", "b", "c d"): 17,
        ("strategies",): 19,
        ("strategies", "mm-1"): 19,
        ("strategies", "mm-1", "class"): 20,
        ("rows",): 22,
        ("rows", "x"): 23,
    }


def test_a_missing_key_has_its_tables_line() -> None:
    lines = key_lines(DOCUMENT)
    assert line_of(("risk", "nothing"), lines) == 4
    assert line_of(("risk", "quoted.key", "inner", "deep"), lines) == 14
    assert line_of(("nothing",), lines) is None


KEY = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)
VALUE = st.sampled_from(
    [
        "1",
        '"a # b"',
        "'[x]'",
        "[1, 2]",
        "[\n1,\n# ]\n2]",
        '"""\nx = 1\n[y]\n"""',
        "{a = 1}",
        "'''\n'''",
        "1979-05-27",
    ]
)


@given(
    st.dictionaries(KEY, st.dictionaries(KEY, VALUE, max_size=5), max_size=5), st.sampled_from(["\n", "\r\n"])
)
def test_every_key_of_any_document_is_on_its_line(tables: dict[str, dict[str, str]], newline: str) -> None:
    text = ""
    expected: dict[tuple[str, ...], int] = {}
    for table, keys in tables.items():
        expected[(table,)] = text.count("\n") + 1
        text += f"[{table}] # {table}\n"
        for key, value in keys.items():
            expected[table, key] = text.count("\n") + 1
            text += f"  {key} = {value} # x\n"
    assert key_lines(text.replace("\n", newline)) == expected


@given(st.text())
def test_any_text_ends(text: str) -> None:
    key_lines(text)
