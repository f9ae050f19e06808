"""Many shapes trained and measured."""
