"""
Users: the people who trade.

What names a person (e-mail, password) never stands in a fact; it is kept where it can be
erased, and the fact holds only the id.
"""

from __future__ import annotations

from uuid import UUID

from domain.base import Event, State


class UserRegistered(Event, frozen=True):
    user_id: UUID


class User(State, frozen=True):
    registered: bool = False

    def evolve(self, event: Event) -> User:
        match event:
            case UserRegistered():
                return User(registered=True)
            case _:
                return self
