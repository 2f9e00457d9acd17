"""The reactor: what follows from a fact is asked for, at least once and with effect once."""

from adapters.reactor.reactor import Reaction as Reaction
from adapters.reactor.reactor import Reactor as Reactor
