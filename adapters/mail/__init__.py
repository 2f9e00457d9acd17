"""Mail: letters that follow from facts, and the post that takes them out."""
