"""Many values as one parameter, which PostgreSQL knows as an array. A statement then stays the same however many there
are, and both sides read it in a tenth of the time that as many parameters take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeDecorator


def among(session: AsyncSession, column: Any, texts: Sequence[str]) -> ColumnElement[bool]:
    """Whether the column is one of them, on both databases."""
    found: ColumnElement[bool] = column == any_(array(texts)) if is_postgres(session) else column.in_(texts)
    return found


def array(texts: Sequence[str]) -> Any:
    return bindparam(None, texts, type_=Texts())


def array_of_numbers(numbers: Sequence[int]) -> Any:
    return bindparam(None, numbers, type_=Numbers())


def text_literal(texts: Sequence[str]) -> str:
    """As PostgreSQL writes it. Source: its documentation, 8.15.6."""
    joined = "".join(texts)
    if "\\" in joined or '"' in joined:
        texts = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return '{"' + '","'.join(texts) + '"}' if texts else "{}"


class Texts(TypeDecorator[Sequence[str]]):
    """Written by ourselves: the driver takes several times as long, for it looks at each element twice. The server
    still takes it for an array and not for a text that becomes one: of that it would not know how long it is."""

    impl = ARRAY(String)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        return text_literal


class Numbers(TypeDecorator[Sequence[int]]):
    impl = ARRAY(BigInteger)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        return lambda numbers: f"{{{','.join(map(str, numbers))}}}"


def is_postgres(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "postgresql"
