"""Phone inventory, viseme classes, phone intervals, and the aligners."""
