"""Read models: tables that are folded from the event streams, and the queries that they answer.

Whatever stands in the database can be made again from the streams; nothing is ever written first here.
"""
