"""Shared by all commands and buttons: access, languages, dispatch, replies, forms, errors."""
