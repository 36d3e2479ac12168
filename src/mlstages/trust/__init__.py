"""Whether a trained model behaves as it was designed, before people meet it."""
