"""Identity: signing up, signing in, and staying so."""

from api.identity import (
    api_keys,
    erasing,
    google,
    letters,
    me,
    names,
    password,
    profile,
    sessions,
    settings,
    sign_in,
    sign_up,
    step_up,
    totp,
)
from api.identity.sign_in import show_keys as show_keys

ROUTES = (
    *sign_up.ROUTES,
    *password.ROUTES,
    *letters.ROUTES,
    *sign_in.ROUTES,
    *me.ROUTES,
    *google.ROUTES,
    *profile.ROUTES,
    *names.ROUTES,
    *settings.ROUTES,
    *erasing.ROUTES,
    *totp.ROUTES,
    *step_up.ROUTES,
    *sessions.ROUTES,
    *api_keys.ROUTES,
)
