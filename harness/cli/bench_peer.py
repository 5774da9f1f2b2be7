"""Times compressed-tensors' NVFP4 compression of one BF16 tensor on CPU. Prints one JSON object.

usage: python bench_peer.py FILE OUTPUTS INPUTS THREADS RUNS     (FILE: the tensor's BF16 bytes, row by row)
"""
import importlib.metadata
import json
import sys
import time

import torch
from compressed_tensors.compressors.nvfp4.base import NVFP4PackedCompressor
from compressed_tensors.quantization.quant_scheme import NVFP4A16, QuantizationScheme


def main():
    path, outputs, inputs, threads, runs = sys.argv[1], *map(int, sys.argv[2:])
    torch.set_num_threads(threads)
    weight = torch.frombuffer(bytearray(open(path, "rb").read()), dtype=torch.bfloat16).reshape(outputs, inputs)
    scheme = QuantizationScheme(targets=["Linear"], **NVFP4A16)

    def once():
        begin = time.perf_counter()
        # As its observer and compressor do it: the scales from the largest magnitudes, then codes, then packing.
        wide = weight.to(torch.float32)
        divisor = (448.0 * 6.0) / wide.abs().max()
        largest = wide.reshape(outputs, -1, 16).abs().amax(dim=2)
        scale = (largest / 6.0 * divisor).clamp(max=448.0).to(torch.float8_e4m3fn).to(torch.float32)
        NVFP4PackedCompressor.compress(
            {"weight": weight, "weight_scale": scale, "weight_global_scale": divisor.reshape(1)}, scheme)
        return time.perf_counter() - begin

    once()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("compressed-tensors", "torch"))
    print(json.dumps({"versions": versions, "nanoseconds": [int(once() * 1e9) for _ in range(runs)]}))


main()
