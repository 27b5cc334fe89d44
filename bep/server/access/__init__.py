"""Who asks, and what they may: tokens and browser sessions. Decides by `bep.app.access`."""
