"""What all pictures share."""

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#5c5c5c"  # Okabe & Ito: distinct to colour-blind eyes
