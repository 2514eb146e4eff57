"""Backups: drives and folders that hold the library as plain files. The rule: nothing there goes, or is half there."""
