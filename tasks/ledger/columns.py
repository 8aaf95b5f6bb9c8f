"""Columns of the ledger's tables, one spelling for each kind of value."""

from sqlalchemy import Column, Double, Integer, MetaData, String, Text

METADATA = MetaData()


def text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def name(name: str, *, primary: bool = False) -> Column[str]:
    return Column(name, String(255), nullable=False, primary_key=primary)


def whole(name: str, *, primary: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=False, primary_key=primary, autoincrement=False)


def real(name: str) -> Column[float]:
    return Column(name, Double)
