"""The program that scores: standard library only, Python 3.6 or later. It must not know the rest of bep.

Started by path with the environment's interpreter, where bep is not installed; `__main__` gives it a private name.
"""
