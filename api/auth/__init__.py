"""Who is asking, from where, how often, and whether they really mean it."""

from api.auth.gate import Gate as Gate
from api.auth.middleware import SignedIn as SignedIn
from api.auth.words import FRESH as FRESH
from api.auth.words import PUBLIC as PUBLIC
from api.auth.words import SIGN_IN as SIGN_IN
from api.auth.words import Unauthenticated as Unauthenticated
from api.auth.words import only as only
