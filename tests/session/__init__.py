"""A session of real ticks: many accounts trade one recorded day, and everything adds up."""
