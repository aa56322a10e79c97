"""Between a dataclass and its row: which table a noun lives in, and what of it is sealed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

from sqlalchemy import Table

from db import models, tables
from db.keys import Keyring

T = TypeVar("T")

# In the order they must be written: a row comes after the rows it refers to.
TABLE_OF: dict[type[Any], Table] = {
    models.Service: tables.services,
    models.Outlet: tables.outlets,
    models.Contact: tables.contacts,
    models.Address: tables.addresses,
    models.Conversation: tables.conversations,
    models.Consent: tables.consents,
    models.Peer: tables.peers,
    models.Staff: tables.staff,
    models.KitRequest: tables.requests,
    models.Offer: tables.offers,
    models.Claim: tables.claims,
    models.Movement: tables.movements,
    models.Supply: tables.supplies,
    models.Administration: tables.administrations,
    models.AdministrationFact: tables.administration_facts,
    models.SupplyFact: tables.supply_facts,
    models.Training: tables.trainings,
    models.Holding: tables.holdings,
    models.PackCode: tables.pack_codes,
    models.Recall: tables.recalls,
    models.RecallNotice: tables.recall_notices,
    models.Refusal: tables.refusals,
    models.LocalHelp: tables.local_help,
    models.PeerNote: tables.peer_notes,
    models.Invitation: tables.invitations,
    models.RelayMessage: tables.relay_messages,
    models.Flag: tables.flags,
    models.Fact: tables.journal,
    models.SignOff: tables.sign_offs,
    models.InboxRow: tables.inbox,
    models.OutboxRow: tables.outbox,
    models.Timer: tables.timers,
}


class Codec(Generic[T]):
    """Turns one kind of dataclass into rows and back."""

    def __init__(self, model: type[T]) -> None:
        self.model = model
        self.table = TABLE_OF[model]
        self.names = [f.name for f in fields(model)]  # type: ignore[arg-type]
        self.key = self.table.primary_key.columns[0].name
        self.columns = [c.name for c in self.table.c]
        self.key_at = self.columns.index(self.key)
        self._order = [self.columns.index(name) for name in self.names]
        self._at = {name: at for at, name in enumerate(self.names)}
        self.versioned = "version" in self.names
        self._sealed = [
            (c.name, f"{self.table.name}.{c.name}", c.info["sealed"] == "json")
            for c in self.table.c
            if c.info.get("sealed")
        ]
        self._tuples = [
            f.name
            for f in fields(model)  # type: ignore[arg-type]
            if str(f.type).startswith("tuple")
        ]

    def to_row(self, entity: T, keyring: Keyring) -> dict[str, Any]:
        """The row of an entity, sealed where it must be."""
        row = {name: getattr(entity, name) for name in self.names}
        for name in self._tuples:
            row[name] = list(row[name])
        for name, where, is_json in self._sealed:
            value = row[name]
            row[name] = keyring.seal(json.dumps(value) if is_json else value, where)
        return row

    def from_row(self, row: Any, keyring: Keyring) -> T:
        """The entity of a row with names."""
        return self._entity([row[name] for name in self.names], keyring)

    def read(self, row: Sequence[Any], keyring: Keyring) -> T:
        """The entity of a row that has every column, in the table's order."""
        return self._entity([row[at] for at in self._order], keyring)

    def _entity(self, values: list[Any], keyring: Keyring) -> T:
        for name, where, is_json in self._sealed:
            at = self._at[name]
            sealed = values[at]
            if sealed is None:  # forgotten under the retention rules
                values[at] = {} if is_json else ""
                continue
            plain = keyring.open(bytes(sealed), where)
            values[at] = json.loads(plain) if is_json else plain
        for name in self._tuples:
            at = self._at[name]
            values[at] = tuple(values[at])
        return self.model(*values)


_codecs: dict[type[Any], Codec[Any]] = {}


def codec(model: type[T]) -> Codec[T]:
    """The codec of a model."""
    if model not in _codecs:
        _codecs[model] = Codec(model)
    return _codecs[model]
