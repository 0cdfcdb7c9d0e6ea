"""The registry: which agents there are, what they can do, and the types they are made from."""
