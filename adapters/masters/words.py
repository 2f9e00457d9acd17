"""
Words as people mistype them.

Two words are neighbours when they are the same after one letter is taken out of each: that
finds a letter too many, one too few, another one, and two that changed places.
"""

from __future__ import annotations


def neighbours(word: str) -> set[str]:
    """The word itself, and the word less one letter, at every place."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
