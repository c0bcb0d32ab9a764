"""Generated protobuf code, written by tools/gen_protos.py; never edited."""
