# SPDX-License-Identifier: Apache-2.0
"""Types of ``<param value type>`` in launch XML, by the rules of launch's ``type_utils``. Knows no tag and no file.

Without ``type`` YAML decides, and only scalars and lists of one type pass; with ``type="str"`` a text stays as it is.
"""

from typing import Any

import yaml

from mm_nav.errors import ConfigError

SCALARS = (bool, int, float, str)
TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
LIST = "list_of_"
IDENTIFIERS = (*TYPES, *(LIST + name for name in TYPES))


def parameter_value(name: str, text: str, kind: str | None = None, literal: bool = True) -> Any:
    """A <param value>.

    Args:
        name: of the parameter, for errors.
        text: what stands there, substitutions made.
        kind: the attribute ``type``: str, int, float, bool, or list_of_str and the like; None when there is none.
        literal: no substitution stood in it; text that is no YAML then stays text.

    Raises:
        ConfigError: where ``ros2 launch`` would refuse, with the remedy.
    """
    if kind is not None and kind not in IDENTIFIERS:
        raise ConfigError(f'<param name="{name}" type="{kind}"> is unknown; choose one of {", ".join(IDENTIFIERS)}')
    if kind == "str" or (kind is None and not text):
        return text
    if kind in ("int", "float"):
        return _number(name, text, TYPES[kind])
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        if literal and kind is None:
            return text
        raise ConfigError(f"parameter {name!r} is {text!r}, which is no YAML; {_remedy(kind)}") from error
    if kind is None:
        return _any(name, text, value)
    wanted = TYPES[kind.removeprefix(LIST)]
    whole = isinstance(value, list) and all(type(item) is wanted for item in value) if kind.startswith(LIST) else type(value) is wanted
    if not whole:
        raise ConfigError(f'parameter {name!r} is {text!r}; it is declared type="{kind}": write such a value')
    return value


def _number(name: str, text: str, wanted: type) -> Any:
    try:
        return wanted(text)
    except ValueError as error:
        raise ConfigError(f'parameter {name!r} is {text!r}; it is declared type="{wanted.__name__}": write such a number') from error


def _any(name: str, text: str, value: Any) -> Any:
    if isinstance(value, list):
        kinds = {type(item) for item in value}
        if kinds == {int, float}:
            raise ConfigError(f"parameter {name!r} is {text!r}, whole numbers and others mixed; write every one with a decimal point")
        if len(kinds) > 1 or not kinds <= set(SCALARS):
            raise ConfigError(f"parameter {name!r} is {text!r}; a list holds values of one type: {', '.join(t.__name__ for t in SCALARS)}")
        return value
    if type(value) not in SCALARS:
        raise ConfigError(f'parameter {name!r} is {text!r}, which YAML reads as {type(value).__name__}; {_remedy(None)}')
    return value


def _remedy(kind: str | None) -> str:
    return 'if it is text, add type="str" to its <param>' if kind is None else f'it is declared type="{kind}": write such a value'
