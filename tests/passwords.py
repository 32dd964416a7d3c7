"""Passwords in tests: the platform's own algorithm, so that a live platform can check them, with one round."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """PBKDF2 that does not take a quarter of a second."""

    iterations = 1
