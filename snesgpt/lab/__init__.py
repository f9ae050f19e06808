"""The numbers behind the lab page."""
