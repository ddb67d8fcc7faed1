"""The compiled loops, one package for each processor level; _dispatch picks one."""
