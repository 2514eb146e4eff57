"""What a task needs to know about texts. The rule: functions of bytes and text; nothing here knows a database."""
