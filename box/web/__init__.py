"""What lies on other people's machines. The rule: asked for politely, taken within bounds, and never from within."""
