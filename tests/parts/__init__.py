"""The parts of qumulo_changelist, each by itself."""
