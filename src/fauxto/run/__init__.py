"""The scanning engine: paths in, Findings out; every file in a process that may die for it."""
