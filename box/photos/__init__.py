"""What filing photos takes: pure functions, and (`picture`, `thumbnail`) what decodes them in the child process."""
