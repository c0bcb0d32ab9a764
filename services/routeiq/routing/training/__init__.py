"""Everything that makes an artifact or the encoder's graph. Needs extra `train`; serving never imports it."""
