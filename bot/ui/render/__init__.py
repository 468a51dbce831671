"""Renders values as texts, embeds, cards and buttons. Pure: no access checks, no requests."""
