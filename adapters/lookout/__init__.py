"""The lookout: who watches the market for those who want to be told."""

from adapters.lookout.lookout import Lookout as Lookout
from adapters.lookout.post import Post as Post
from adapters.lookout.post import open_alerts as open_alerts
