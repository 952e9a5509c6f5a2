"""A Qumulo cluster: the role, and the ways to reach one."""
