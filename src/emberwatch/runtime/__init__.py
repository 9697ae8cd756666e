"""The loops: collect, process, dispatch, replay, and the wiring that joins adapters to ports."""
