"""What a developer's commands need beside the program itself."""
