"""Makes the model that ships in the wheel, from labelled rows."""
