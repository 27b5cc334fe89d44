"""When jobs are started by themselves: cron expressions, rhythms and time zones as times. Pure: knows no clock."""
