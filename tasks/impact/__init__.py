"""What came of a delivery that was corrected: what depended on the first, and what is redone."""
