"""The machines that a cartridge can be made for."""
