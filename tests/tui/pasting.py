"""Texts that belong into a shell, and the keys they arrive as."""

from hypothesis import strategies as st

_SHELL = """
ls -la cd .. ~/src /var/log git commit -am 'fix: push sudo rm -rf cat config.toml | grep -v sed 's/a/b/g' >
out.txt && echo "$PATH" export KEY=value ssh root@10.0.0.1 docker ps kubectl get pods -n prod python -m pip
install make -j8 top tail -f find . -name *.py exit yes y n q :wq G dd awk '{print $1}' if [ ] then fi for
done while true systemctl restart nginx apt upgrade -y xargs XDG=1 buy sell 0.5 btc market cancel all Buy Spc
# comment привет Makefile PATH=/bin tmux attach
"""
_WORDS = tuple(_SHELL.split())
_LINES = (
    st.lists(st.sampled_from(_WORDS), min_size=2, max_size=7).map(" ".join).filter(lambda line: len(line) > 5)
)
SHELL_LINES = st.lists(_LINES, min_size=1, max_size=4).map(lambda lines: "\r".join(lines) + "\r")
_NAMES = {
    " ": "space", "/": "slash", ":": "colon", "?": "question_mark", ".": "full_stop", "-": "minus",
    "=": "equals_sign", "[": "left_square_bracket", "]": "right_square_bracket", ",": "comma", "\r": "enter",
    "'": "apostrophe", '"': "quotation_mark", "~": "tilde", "|": "vertical_line", "#": "number_sign",
    "$": "dollar_sign", "*": "asterisk", "@": "at", "&": "ampersand", ">": "greater_than_sign",
    "{": "left_curly_bracket", "}": "right_curly_bracket", "_": "underscore", "+": "plus",
}  # fmt: skip


def keys_of(text: str) -> list[tuple[str, str]]:
    """Names and characters of the keys, as the driver tells them."""
    return [(_NAMES.get(character, character), character) for character in text]
