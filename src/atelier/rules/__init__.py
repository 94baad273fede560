"""What operators demand of sets: a rule file, compiled into a context graph that generation obeys."""
