"""Many servers audited at once: hosts are read, handed to processes, and their reports written as they come.

Memory is bounded by how many run at the same time, whatever the number of hosts: no list of hosts and no report is kept.
"""
