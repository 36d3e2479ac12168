"""What the released model is asked, held against what it learnt from."""
