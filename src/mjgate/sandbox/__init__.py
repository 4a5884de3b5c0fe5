"""
The built-in upstream: an app of its own that speaks as real ones do, and draws.

server → app → wire → submit → prepare → jobs → notices; looks go by queries, pictures by pictures.
Start one with `server.serve`, or `server.running` for as long as a block lasts.
"""
