"""
What lasts: SQL, and only here, each statement beside the function that means it.

A function that takes a `Reader` looks; one that takes a `Transaction` changes.
"""
