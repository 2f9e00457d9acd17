"""
What must be true of every account on a tape, reckoned from its facts by arithmetic of its own.

It asks neither the code that decides nor any read model for a total, so that a fault in them is
found and not shared.  The numbers are those of trading.md §4.20.
"""

from adapters.invariants.secrets import in_clear as in_clear
from adapters.invariants.walk import INVARIANTS as INVARIANTS
from adapters.invariants.walk import Auditor as Auditor
from adapters.invariants.walk import Invariant as Invariant
from adapters.invariants.walk import audit as audit
