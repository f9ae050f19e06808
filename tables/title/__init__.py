"""The title screen's picture: a machine on a cliff dreams a name, and its letters are lanterns on a night sea."""
