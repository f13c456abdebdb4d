# SPDX-License-Identifier: Apache-2.0
"""Values in launch files get the types that launch gives them, and what launch refuses is refused with the remedy."""

import pytest

from mm_nav.errors import ConfigError
from mm_nav.ros.param_value import parameter_value


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [("1", None, 1), ("1.5", None, 1.5), ("true", None, True), ("yes", None, True), ("[a, b]", None, ["a", "b"]), ("", None, ""),
     ("[]", None, []), ("去红色锥桶", None, "去红色锥桶"), ("'7'", None, "7"), ("[", None, "["), ("1e3", None, "1e3"),
     ("1", "float", 1.0), ("7", "str", "7"), ("go: now", "str", "go: now"), ("", "str", ""), ("yes", "str", "yes"),
     ("[1, 2]", "list_of_int", [1, 2]), ("[a]", "list_of_str", ["a"]), ("off", "bool", False)],
)  # fmt: skip
def test_values_are_read_by_yaml_rules_unless_a_type_is_declared(text: str, kind: str | None, value: object) -> None:
    read = parameter_value("p", text, kind)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [("{a: 1}", None, "YAML reads as dict; if it is text, add type=\"str\""), ("go: now", None, "add type=\"str\""),
     ("2026-01-01", None, "reads as date"), ("null", None, "reads as NoneType"), ("[1, a]", None, "values of one type"),
     ("[1, 0.5]", None, "write every one with a decimal point"), ("[[1]]", None, "values of one type"),
     ("1.5", "int", "declared type=\"int\""), ("1", "bool", "declared type=\"bool\""), ("[1]", "list_of_float", "list_of_float"),
     ("1", "number", "choose one of str, int")],
)  # fmt: skip
def test_what_launch_refuses_is_quoted_with_the_remedy(text: str, kind: str | None, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parameter_value("speed", text, kind)
    assert said in str(caught.value)


def test_a_substitution_that_gives_no_yaml_is_refused_where_a_literal_stays_text() -> None:
    assert parameter_value("say", "[hello", literal=True) == "[hello"
    with pytest.raises(ConfigError, match="no YAML; if it is text, add type=\"str\""):
        parameter_value("say", "[hello", literal=False)
