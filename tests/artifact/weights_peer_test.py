#!/usr/bin/env python3
"""Artifacts of `assay quantize` in the hands of the packages that others read and write them with, on a CPU.

usage: tests/artifact/weights_peer_test.py --program ASSAY [--venv FOLDER]

  compressed-tensors   decompresses its own layout: BF16, equal to `assay dequantize` to the last bit
  torchao              dequantises ModelOpt's layout: F32, equal to the last bit
  nvidia-modelopt      quantises the same master: codes, block scales and tensor scale equal byte by byte for rtn + amax

The packages are installed by version into FOLDER once: some five gigabytes, torch above all, so CTest names no folder;
scripts/prove-peers does. Without one, and where they cannot be had, this is a skip (77) that says so in capitals.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import peer_packages

# requests: ModelOpt imports it and does not ask for it.
PACKAGES = {"torch": "2.15.0", "compressed-tensors": "0.20.0", "torchao": "0.18.0", "nvidia-modelopt": "0.47.0",
            "requests": "2.34.2"}
MASTER_SEED = 20260
# Of a fused group, of a layer on its own, with few outputs, with one long row of outliers.
SHAPES = {"model.layers.0.self_attn.q_proj": (256, 512), "model.layers.0.self_attn.k_proj": (128, 512),
          "model.layers.0.self_attn.v_proj": (128, 512), "model.layers.0.self_attn.o_proj": (512, 256),
          "model.layers.0.mlp.gate_proj": (1024, 512), "model.layers.0.mlp.up_proj": (1024, 512),
          "model.layers.0.mlp.down_proj": (512, 1024)}


def require(condition, message):
    if not condition:
        sys.exit(f"weights_peer_test: {message}")


def make_master(path):
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator().manual_seed(MASTER_SEED)
    tensors = {}
    for name, shape in SHAPES.items():
        weight = torch.randn(shape, generator=generator) * 0.02
        weight[0, :16] = 0                            # a block of zeros
        weight[1, :16] = torch.arange(16) * 1e-30     # a scale that underflows
        weight[2, 5] = 3.0                            # an outlier
        weight[3, :16] = -0.0
        weight[4, :16] = torch.tensor([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0, 6.0] * 2) * 2.0**-7  # ties
        tensors[name + ".weight"] = weight.to(torch.bfloat16)
    # A fused group has one tensor scale, and the peer's quantiser knows one tensor at a time: their largest is the same.
    for group in (("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj")):
        members = [name for name in tensors if name.split(".")[-2] in group]
        for name in members:
            tensors[name][7, 7] = 4.0
    save_file(tensors, path)


class Peers:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def assay(self, *words):
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True, check=False)
        require(done.returncode == 0, f"assay {words[0]} ended with {done.returncode}: {done.stderr}")

    def artifact(self, layout, method, scale, dtype):
        from safetensors.torch import load_file

        name = self.folder / f"{layout}-{method}-{scale}"
        if not name.exists():
            self.assay("quantize", self.folder / "master.safetensors", "-o", name, "--format", layout, "--method",
                       method, "--tensor-scale", scale, "-q")
        plain = Path(f"{name}-{dtype}")
        if not plain.exists():
            self.assay("dequantize", name, "-o", plain, "--dtype", dtype, "-q")
        return load_file(name / "model.safetensors"), load_file(plain / "model.safetensors")

    @staticmethod
    def differing(theirs, ours):
        import torch

        return int((theirs.to(torch.float32) != ours.to(torch.float32)).sum())

    def compressed_tensors(self, method, scale):
        from compressed_tensors.compressors.nvfp4.base import NVFP4PackedCompressor
        from compressed_tensors.quantization.quant_scheme import NVFP4A16, QuantizationScheme

        scheme = QuantizationScheme(targets=["Linear"], **NVFP4A16)
        artifact, plain = self.artifact("compressed-tensors", method, scale, "bf16")
        wrong = 0
        for name in SHAPES:
            parts = {part: artifact[f"{name}.{part}"] for part in ("weight_packed", "weight_scale", "weight_global_scale")}
            wrong += self.differing(NVFP4PackedCompressor.decompress(parts, scheme)["weight"], plain[name + ".weight"])
        return wrong

    def torchao(self, method, scale):
        import torch
        from torchao.prototype.mx_formats.nvfp4_tensor import NVFP4Tensor

        artifact, plain = self.artifact("modelopt", method, scale, "f32")
        wrong = 0
        for name in SHAPES:
            tensor = NVFP4Tensor(artifact[name + ".weight"], artifact[name + ".weight_scale"], 16, torch.bfloat16,
                                 artifact[name + ".weight_scale_2"])
            wrong += self.differing(tensor.dequantize(torch.float32), plain[name + ".weight"])
        return wrong

    def modelopt(self, method, scale):
        import torch
        from modelopt.torch.quantization.qtensor import NVFP4QTensor
        from safetensors.torch import load_file

        artifact, _ = self.artifact("modelopt", method, scale, "f32")
        master = load_file(self.folder / "master.safetensors")
        wrong = 0
        for name in SHAPES:
            quantized, block, tensor = NVFP4QTensor.quantize(master[name + ".weight"], 16)
            wrong += int((quantized._quantized_data != artifact[name + ".weight"]).sum())
            wrong += int((block.view(torch.uint8) != artifact[name + ".weight_scale"].view(torch.uint8)).sum())
            wrong += int(tensor != artifact[name + ".weight_scale_2"])
        return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--venv", type=Path)
    parser.add_argument(peer_packages.INSTALLED, action="store_true", help="this is the venv's Python")
    given = parser.parse_args()
    if given.venv is None:
        print("SKIPPED: NO PEER HAS READ THESE ARTIFACTS; scripts/prove-peers installs the packages and asks them")
        sys.exit(peer_packages.SKIP)
    peer_packages.run_with(given.venv, PACKAGES)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_master(folder / "master.safetensors")
        peers = Peers(given.program, folder)
        weights = sum(outputs * inputs for outputs, inputs in SHAPES.values())
        asked = [(peer, method, scale) for peer in (peers.compressed_tensors, peers.torchao)
                 for method in ("rtn", "4o6", "sweep") for scale in ("pow2", "amax")]
        failed = 0
        for peer, method, scale in [*asked, (peers.modelopt, "rtn", "amax")]:
            wrong = peer(method, scale)
            failed += wrong
            print(f"{peer.__name__}, {method}, {scale}: {wrong} of {weights} differ", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
