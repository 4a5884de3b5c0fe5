"""
All that differs between SQLite and PostgreSQL.

promises    what both keep, and what can go wrong
words       how our SQL is said to each
sqlite      one file: point reads on the event loop, scans on threads; sqlite_writer commits groups
postgres    one server: a pool of connections; postgres_server reaches it, postgres_body asks it
"""
