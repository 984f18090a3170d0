// `benchmarks/run` writes the messages that protoc-gen-swift makes of proto/ beside this file.
