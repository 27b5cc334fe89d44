"""The server: a workspace over HTTP. A face: it decides nothing, and asks `bep.app` alone."""
