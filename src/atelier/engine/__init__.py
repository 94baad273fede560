"""The one training loop: `trainer.fit` drives any `task.Task`, on one core or many machines; exact resume."""
