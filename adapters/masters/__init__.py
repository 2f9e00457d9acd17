"""Masters: the lists of instruments that brokers publish each day, as one list of ours."""

from __future__ import annotations

from adapters.masters.entry import Entry as Entry
from adapters.masters.files import MasterError as MasterError
from adapters.masters.files import read as read
from adapters.masters.importing import Imported as Imported
from adapters.masters.importing import import_master as import_master
from adapters.masters.search import Found as Found
from adapters.masters.search import search as search
from adapters.masters.terms import on_listed_terms as on_listed_terms
