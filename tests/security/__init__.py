"""The checklist of attacks (reliability.md §2.4), one file a block, rows named by their ids."""
