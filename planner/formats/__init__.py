"""Formats: state, plan and journal as bytes. Pure; opens no file."""
