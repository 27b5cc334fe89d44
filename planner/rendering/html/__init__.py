"""A plan as one HTML page that needs nothing else. Draws a review; decides nothing about a plan."""
