"""A Django project whose time is known by construction: every view says what it spends, and where.

It knows nothing of Timesplit but one line of `INSTALLED_APPS`, so it stands for a user's project.
"""
