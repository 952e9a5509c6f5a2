"""Whether everything is there that the runs of a project need, checked one by one."""
