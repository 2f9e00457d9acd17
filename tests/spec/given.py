"""``given(*facts).when(command).then(*facts)``: the test language of the domain."""

from __future__ import annotations

from typing import Self

import pytest

from commands.base import Command
from domain.base import Event, Events, State, fold
from domain.errors import DomainError


class given:  # noqa: N801 - it opens a sentence
    def __init__(self, *facts: Event) -> None:
        self._facts = facts

    def when(self, command: Command) -> Self:
        self._command = command
        return self

    def then(self, *facts: Event) -> None:
        assert self.facts() == facts

    def then_only(self, fact: type[Event], **fields: object) -> None:
        """Just one fact of this kind, with at least these fields."""
        (event,) = self.facts()
        assert isinstance(event, fact)
        assert {name: getattr(event, name) for name in fields} == fields

    def then_fails(self, error: type[DomainError], code: str) -> DomainError:
        with pytest.raises(error) as caught:
            self.facts()
        assert caught.value.code == code
        return caught.value

    def facts(self) -> Events:
        return self._command.decide(self.state())

    def state(self) -> State:
        return fold(self._command.state(), self._facts)
