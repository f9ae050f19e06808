"""What leaves the house: the site and the release, made of the cartridges in publish/cartridges.py."""
