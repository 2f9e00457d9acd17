"""The paper venue: works orders against quotes it does not move, a broker like the others."""

from adapters.venue.floor import ACTOR as ACTOR
from adapters.venue.floor import Floor as Floor
from adapters.venue.ticket import Standing as Standing
from adapters.venue.venue import Venue as Venue
from adapters.venue.waiting import Waiting as Waiting
