"""How every shipped weight and every quality number is rebuilt; nothing here is imported at run time."""
