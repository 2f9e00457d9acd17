"""Options: what a chain of them shows; ``greeks`` and ``valuation`` alone count in floats."""

from __future__ import annotations

from domain.market.options.chain import Chain as Chain
from domain.market.options.chain import Contract as Contract
from domain.market.options.chain import Leg as Leg
from domain.market.options.chain import Strike as Strike
from domain.market.options.chain import chain as chain
from domain.market.options.valuation import IvQuality as IvQuality
from domain.market.options.valuation import Model as Model
from domain.market.options.valuation import Setting as Setting
from domain.market.options.valuation import Valued as Valued
from domain.market.options.valuation import forward_of as forward_of
from domain.market.options.valuation import valued as valued
