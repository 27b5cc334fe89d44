"""The specs as a template that somebody else deploys: what is in it, and two languages of it. Pure; asks nobody."""
